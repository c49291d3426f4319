"""Latimer's recurrent translator beside CTranslate2's int8 Transformer, pieces a second.

The peers' reference architecture (GRU, Bahdanau's attention, 10 million weights) and a Transformer
about as large (4 + 4 layers of 256, 4 heads, feed-forward 1024, tied, 9.4 million weights). Weights
are random and every translation is as long as the next, because speed depends on length and not on
what is said: so nothing must be trained, and neither gains by stopping early. Both translate
Multi30k's test set in batches of like length on one core, in processes that take turns. Latimer
takes part as `auto` has it and, beside that, with a shortlist of the vocabulary.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

import torch

from benchmarks.common import (
    EOS,
    Rate,
    Window,
    Worker,
    encode,
    load_processor,
    markdown_table,
    parser,
    pin,
    read_split,
    report,
    train_joint_bpe,
)
from benchmarks.peers import latimer_side
from benchmarks.peers.architecture import REFERENCE
from benchmarks.peers.environments import CTRANSLATE2, ensure
from latimer.engines.neural.shortlist import Shortlist, Shortlisted
from latimer.nn.inference.folded import fold
from latimer.nn.inference.products import PRODUCTS, choose_products
from latimer.search.beam import beam_search
from latimer.search.greedy import greedy_search
from latimer.search.strategies import Beam
from latimer.text.batching import pad_sources
from latimer.text.corpus.tokenised import TokenisedCorpus
from latimer.text.lexicon import Lexicon
from latimer.text.model1 import learn_lexicon
from latimer.train.loop.allocator import keep_freed_memory

PROCESS = Path(__file__).parent / "peers" / "random_transformer.py"
Sources = list[list[int]]


def main() -> None:
    """Measure and report."""
    flags = parse()
    core = pin(flags.core)
    with tempfile.TemporaryDirectory() as folder:
        lexicon, sources = prepare(flags.data, Path(folder))
        transformer = Transformer(ensure(CTRANSLATE2, flags.work), Path(folder), sources, flags)
        rates: dict[tuple[str, int], Rate] = {}
        for beam in flags.beams:
            start = partial(latimer, lexicon, sources, beam, flags.batch, flags.length)
            workers = {
                f"Latimer, {'shortlist of 20' if likely else 'whole vocabulary'}": Worker(
                    partial(start, likely), core
                )
                for likely in (0, 20)
            }
            for name, windows in in_turns(workers, transformer, beam, flags).items():
                rates[name, beam] = Rate.of(windows)
            for worker in workers.values():
                worker.stop()
        transformer.stop()
    precision = choose_products("auto", torch.device("cpu"))
    figures = [{"name": key[0], "beam": key[1], **asdict(rate)} for key, rate in rates.items()]
    title = f"Pieces a second beside CTranslate2's int8 Transformer, Latimer in {precision}"
    report(title, [table(rates, flags.beams)], {"rates": figures}, flags.json)


def parse() -> argparse.Namespace:
    """The command line."""
    result = parser(__doc__, "beside_transformer")
    result.add_argument("--work", type=Path, required=True, help="where CTranslate2 is installed")
    result.add_argument("--beams", type=int, nargs="+", default=[1, 5])
    result.add_argument("--batch", type=int, default=64, help="sentences (%(default)s)")
    result.add_argument("--length", type=int, default=14, help="pieces written (%(default)s)")
    result.add_argument("--windows", type=int, default=5, help="(%(default)s)")
    result.add_argument("--seconds", type=float, default=4, help="of a window (%(default)s)")
    return result.parse_args()


def prepare(data: Path, folder: Path) -> tuple[Lexicon, Sources]:
    """The lexicon that makes shortlists, and the test set as pieces."""
    text = read_split(data, "train")
    processor = load_processor(train_joint_bpe(text))
    corpus = latimer_side.write_corpus(encode(processor, text), folder / "train.arrow")
    size = REFERENCE.target_vocab
    lexicon = learn_lexicon(TokenisedCorpus.open(corpus), size, size)
    return lexicon, encode(processor, read_split(data, "test_2016_flickr")).source


@torch.inference_mode()
def latimer(
    lexicon: Lexicon, sources: Sources, beam: int, batch: int, length: int, likely: int
) -> Iterator[int]:
    """Pieces written, a batch at a time, for ever; `likely` 0 looks at the whole vocabulary."""
    keep_freed_memory()
    built = latimer_side.build(REFERENCE).eval()
    built.output.bias[EOS] = -1e4  # nothing ends before its time
    precision = choose_products("auto", torch.device("cpu"))
    network = PRODUCTS[precision](fold(built))
    shortlist = None
    if likely:
        shortlist = Shortlist(lexicon, network, joint=True, likely=likely)
    for some in cycle(batches(sources, batch)):
        padded, lengths = pad_sources([[*source, EOS] for source in some])
        scorer: Any = Shortlisted(shortlist, padded) if shortlist else network
        if beam == 1:
            found = greedy_search(scorer, padded, lengths, max_length=length)
        else:
            hypotheses = beam_search(scorer, padded, lengths, Beam(beam), max_length=length)
            found = [nbest[0] for nbest in hypotheses]
        yield sum(len(hypothesis.tokens) for hypothesis in found)


def batches(sources: Sources, size: int) -> list[Sources]:
    """Sentences of like length together, so that every window meets short ones and long ones."""
    ordered = sorted(sources, key=len)
    found = [ordered[start : start + size] for start in range(0, len(ordered), size)]
    random.Random(0).shuffle(found)
    return found


class Transformer:
    """CTranslate2 in a process of its own environment, asked for a window at a time."""

    def __init__(
        self, python: Path, folder: Path, sources: Sources, flags: argparse.Namespace
    ) -> None:
        arguments = [str(python), str(PROCESS), str(folder / "model"), str(REFERENCE.target_vocab)]
        self.process = subprocess.Popen(
            arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.sources, self.flags = sources, flags

    def window(self, beam: int) -> Window:
        """The whole test set, however long that takes."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        request = {
            "sources": self.sources, "beam": beam, "batch": self.flags.batch,
            "length": self.flags.length,
        }  # fmt: skip
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit("CTranslate2's process ended; its complaint stands above")
        return Window(**json.loads(answer))

    def stop(self) -> None:
        """End the process."""
        self.process.communicate()


def in_turns(
    workers: dict[str, Worker], transformer: Transformer, beam: int, flags: argparse.Namespace
) -> dict[str, list[Window]]:
    """Windows of each, A B C A B C, the first of each thrown away."""
    found: dict[str, list[Window]] = {}
    for turn in range(flags.windows + 1):
        ways = {name: partial(worker.window, flags.seconds) for name, worker in workers.items()}
        ways["CTranslate2, int8 Transformer"] = partial(transformer.window, beam)
        for name, way in ways.items():
            window = way()
            print(f"beam {beam}, {name}: {window.work / window.cpu:,.0f}", file=sys.stderr)
            if turn:
                found.setdefault(name, []).append(window)
    return found


def table(rates: dict[tuple[str, int], Rate], beams: list[int]) -> str:
    """One row a contender: pieces per CPU second by beam, lowest and highest in brackets."""
    rows = []
    for name in dict.fromkeys(name for name, _ in rates):
        found = [rates[name, beam] for beam in beams]
        cells = [f"{r.per_cpu_second:,.0f} ({r.lowest:,.0f}–{r.highest:,.0f})" for r in found]
        rows.append([name, *cells])
    return markdown_table(["pieces / CPU s", *(f"beam {beam}" for beam in beams)], rows)


if __name__ == "__main__":
    main()
