"""How long a typing user waits for one sentence, and what the ways to wait less cost.

A trained model on one core, by the precision of its products and with or without a shortlist of the
vocabulary: the median time of sentences of 13 to 16 words, translated one by one at beam 5; and of
the whole test set in batches, sentences a CPU second and BLEU, greedy and with beam 5. The ways
take turns, sentence by sentence, so that whatever else the machine does falls on all of them.
Products in int8 are left out where this machine is not quick at them.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

import torch
from sacrebleu.metrics.bleu import BLEU

from benchmarks.common import Text, markdown_table, parser, pin, read_split, report
from latimer.engines.registry import load
from latimer.engines.translator import Translator
from latimer.nn.inference.products import choose_products
from latimer.search.strategies import Beam

WORDS = range(13, 17)


def main() -> None:
    """Measure and report."""
    flags = parse()
    pin(flags.core)
    text = read_split(flags.data, "test_2016_flickr")
    translators = ready(flags.model)
    waits = waiting(translators, text.source, flags.sentences)
    rows, figures = [], []
    for way, translator in translators.items():
        wait = statistics.median(waits[way])
        batches = [in_batches(translator, text, beam) for beam in (1, 5)]
        cells = [f"{speed:.0f}: {bleu:.2f}" for speed, bleu in batches]
        rows.append([way[0], way[1], f"{1000 * wait:.1f}", *cells])
        figures.append({"precision": way[0], "shortlist": way[1], "wait": wait, "batches": batches})
    header = ["products", "shortlist", "one sentence, ms", "greedy: sentences / CPU s, BLEU"]
    table = markdown_table([*header, "beam 5: the same"], rows)
    report("One sentence at a time, beam 5, one core", [table], {"ways": figures}, flags.json)


def parse() -> argparse.Namespace:
    """The command line."""
    result = parser(__doc__, "one_sentence")
    result.add_argument("--model", type=Path, required=True, help="a model folder")
    result.add_argument("--sentences", type=int, default=60, help="(%(default)s)")
    return result.parse_args()


def ready(model: Path) -> dict[tuple[str, str | int], Translator]:
    """A translator for each way; raises InputError where machine or model lack one."""
    auto = choose_products("auto", torch.device("cpu"))
    shortlists: tuple[str | int, ...] = ("off", 20)
    return {
        (precision, short): load(model, precision=precision, shortlist=short)
        for short in shortlists
        for precision in sorted({"fp32", "fp16", auto})
    }


def waiting(
    translators: dict[tuple[str, str | int], Translator], sources: list[str], count: int
) -> dict[tuple[str, str | int], list[float]]:
    """Seconds for each sentence, by way, after a few to warm up."""
    chosen = [line for line in sources if len(line.split()) in WORDS][:count]
    waits: dict[Any, list[float]] = {way: [] for way in translators}
    for line in [*chosen[:5], *chosen]:
        for way, translator in translators.items():
            began = time.perf_counter()
            translator.translate([line], Beam(5))
            waits[way].append(time.perf_counter() - began)
    return {way: seconds[5:] for way, seconds in waits.items()}


def in_batches(translator: Translator, text: Text, beam: int) -> tuple[float, float]:
    """Sentences a CPU second, and BLEU."""
    began = time.process_time()
    found = translator.translate(text.source, Beam(beam))
    speed = len(found) / (time.process_time() - began)
    return speed, BLEU().corpus_score([one.text for one in found], [text.target]).score


if __name__ == "__main__":
    main()
