"""When a beam search may end: what each rule gains in speed, and what it misses.

A trained model and a text with references, one core. The rules take turns on the whole text; BLEU,
sentences a CPU second (the best of the rounds) and how many translations differ from those of
`safe`, which nothing can beat.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from sacrebleu.metrics.bleu import BLEU

from benchmarks.common import markdown_table, parser, pin, read_lines, report
from latimer.engines.neural import NeuralTranslator, load
from latimer.search.stopping import STOPS


def main() -> None:
    """Measure and report."""
    flags = parse()
    pin(flags.core)
    source, reference = read_lines(flags.source), read_lines(flags.reference)
    translator = load(flags.model, precision=flags.precision, shortlist=flags.shortlist)
    rows, figures = [], []
    for beam in flags.beams:
        measured = one_width(translator, source, beam, flags.rounds)
        for rule, (texts, seconds) in measured.items():
            bleu = BLEU().corpus_score(texts, [reference]).score
            changed = sum(a != b for a, b in zip(texts, measured["safe"][0], strict=True))
            speed, gain = len(source) / seconds, measured["safe"][1] / seconds
            rows.append([beam, rule, f"{speed:.0f}", f"{gain:.2f}×", f"{bleu:.2f}", changed])
            figures.append({"beam": beam, "stop": rule, "speed": speed, "bleu": bleu,
                            "changed": changed})  # fmt: skip
    header = ["beam", "stop", "sentences / CPU s", "of safe", "BLEU", "translations that differ"]
    products = translator.products(len(source))
    title = f"{flags.source.name}, {len(source)} sentences, products in {products}"
    report(title, [markdown_table(header, rows)], {"rules": figures}, flags.json)


def parse() -> argparse.Namespace:
    """The command line."""
    result = parser(__doc__, "stopping_rules", data=False)
    result.add_argument("--model", type=Path, required=True, help="a model folder")
    result.add_argument("--source", type=Path, required=True)
    result.add_argument("--reference", type=Path, required=True)
    result.add_argument("--beams", type=int, nargs="+", default=[5], help="(%(default)s)")
    result.add_argument("--rounds", type=int, default=3, help="(%(default)s)")
    result.add_argument("--precision", default="auto", help="(%(default)s)")
    result.add_argument("--shortlist", default="auto", help="(%(default)s)")
    return result.parse_args()


def one_width(
    translator: NeuralTranslator, source: list[str], beam: int, rounds: int
) -> dict[str, tuple[list[str], float]]:
    """Translations and CPU seconds for each rule."""
    translator.translate(source[:2], beam=beam)  # loads the kernels
    measured: dict[str, tuple[list[str], float]] = {}
    for _ in range(rounds):
        for rule in STOPS:
            began = time.process_time()
            texts = [one.text for one in translator.translate(source, beam=beam, stop=rule)]
            seconds = time.process_time() - began
            measured[rule] = texts, min(seconds, measured.get(rule, (texts, seconds))[1])
    return measured


if __name__ == "__main__":
    main()
