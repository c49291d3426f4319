"""Latimer's speed of translating on one core, and where the time goes.

Sentences of Multi30k's test set, sorted by length into batches, for several beams (1 is greedy
search) and batch sizes. The time is split into the encoder, the decoder's step, the output layer,
the reordering of states, and the search around them. Without --model, two models are trained for
a while, at the prototype's architecture and at the peers': without training, translations have
no sensible length. Sentences per second depend on those lengths; pieces per second less so.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor

from benchmarks.common import (
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
from benchmarks.peers.architecture import ARCHITECTURES, Architecture
from latimer.model.folder import Model, load_model
from latimer.nn.decoders.decoder import State
from latimer.nn.inference.products import PRODUCTS, choose_products
from latimer.nn.seq2seq import Seq2Seq
from latimer.search.beam import beam_search
from latimer.search.greedy import greedy_search
from latimer.search.hypothesis import Hypothesis
from latimer.search.scorer import default_max_length
from latimer.search.strategies import Beam
from latimer.text.batching import pad_sources

T = TypeVar("T")


@dataclass
class Split:
    """Seconds spent in each part of the network."""

    encoder: float = 0.0
    step: float = 0.0
    output: float = 0.0
    select: float = 0.0

    def timed(self, part: str, call: Callable[[], T]) -> T:
        """The result of `call`, its time added to `part`."""
        start = time.perf_counter()
        result = call()
        setattr(self, part, getattr(self, part) + time.perf_counter() - start)
        return result


@dataclass(frozen=True)
class TimedState:
    """A network's state that notes how long reordering takes."""

    state: State
    split: Split

    @property
    def attention(self) -> Tensor | None:
        """As the network's."""
        return self.state.attention

    def select(self, rows: Tensor, sentences: Tensor | None = None) -> TimedState:
        """As the network's."""
        chosen = self.split.timed("select", lambda: self.state.select(rows, sentences))
        return TimedState(chosen, self.split)


@dataclass(frozen=True)
class TimedScorer:
    """A network that notes how long its parts take."""

    network: Seq2Seq
    split: Split = field(default_factory=Split)

    def start(self, source: Tensor, lengths: Tensor) -> TimedState:
        """As the network's."""
        state = self.split.timed("encoder", lambda: self.network.start(source, lengths))
        return TimedState(state, self.split)

    def step(self, state: TimedState, tokens: Tensor) -> tuple[Tensor, TimedState]:
        """As the network's, in its two halves."""
        decoder, output = self.network.decoder, self.network.output
        read, after = self.split.timed("step", lambda: decoder.step(state.state, tokens))
        scores = self.split.timed("output", lambda: output(decoder.features(read)))
        return scores, TimedState(after, self.split)


@dataclass(frozen=True)
class Speed:
    """What was translated in `seconds`, and the share of time of each part."""

    sentences: int
    pieces: int
    wall: float
    cpu: float
    split: Split


def translate(scorer: TimedScorer, sources: list[list[int]], beam: int) -> list[Hypothesis]:
    """One batch; a beam of 1 is greedy search."""
    padded, lengths = pad_sources(sources)
    limit = default_max_length(lengths)
    if beam == 1:
        return greedy_search(scorer, padded, lengths, max_length=limit)
    found = beam_search(scorer, padded, lengths, Beam(beam), max_length=limit)
    return [hypotheses[0] for hypotheses in found]


def measure(
    network: Seq2Seq, sources: list[list[int]], *, beam: int, batch: int, seconds: float
) -> Speed:
    """Translate batches in random order until the time is up or all are done."""
    by_length = sorted(sources, key=len)
    batches = [by_length[start : start + batch] for start in range(0, len(by_length), batch)]
    random.Random(0).shuffle(batches)
    translate(TimedScorer(network), batches[0], beam)
    scorer = TimedScorer(network)
    sentences = pieces = 0
    wall, cpu = time.perf_counter(), time.process_time()
    for some in batches:
        found = translate(scorer, some, beam)
        sentences += len(found)
        pieces += sum(len(hypothesis.tokens) for hypothesis in found)
        if time.perf_counter() - wall > seconds:
            break
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return Speed(sentences, pieces, wall, cpu, scorer.split)


def table(speeds: dict[tuple[str, int, int], Speed]) -> str:
    """One row a model, beam and batch size."""
    header = ["model", "beam", "batch", "sentences / wall s", "sentences / CPU s", "pieces / CPU s"]
    header += ["pieces a sentence", "encoder", "step", "output layer", "reordering", "search"]
    rows = []
    for (name, beam, batch), speed in speeds.items():
        split = speed.split
        parts = list(asdict(split).values())
        shares = [f"{part / speed.wall:.0%}" for part in (*parts, speed.wall - sum(parts))]
        row: list[object] = [name, beam, batch, speed.sentences / speed.wall]
        row += [speed.sentences / speed.cpu, speed.pieces / speed.cpu]
        rows.append([*row, speed.pieces / speed.sentences, *shares])
    return markdown_table(header, rows)


def train(architecture: Architecture, flags: argparse.Namespace, folder: Path) -> Path:
    """A model folder of this architecture, trained for a while unless it is there."""
    if (folder / "config.json").exists():
        return folder
    print(f"training {folder} for {flags.train_updates} updates", file=sys.stderr)
    folder.parent.mkdir(parents=True, exist_ok=True)
    text = read_split(flags.data, "train")
    subwords = folder.with_suffix(".model")
    subwords.write_bytes(train_joint_bpe(text))
    pieces = encode(load_processor(subwords.read_bytes()), text)
    corpus = latimer_side.write_corpus(pieces, folder.with_suffix(".arrow"))
    network, updates = latimer_side.train_updates(architecture, corpus, bf16=False)
    for _ in islice(updates, flags.train_updates):
        pass
    latimer_side.save(network, architecture, subwords, corpus, folder)
    return folder


def models(flags: argparse.Namespace) -> dict[str, Model]:
    """The models to measure, by name."""
    folders: list[Path] = flags.model or [
        train(architecture, flags, flags.work / f"{name}-{flags.train_updates}")
        for name, architecture in ARCHITECTURES.items()
    ]
    return {folder.name: load_model(folder) for folder in folders}


def parse_flags() -> argparse.Namespace:
    """The command line."""
    result = parser(__doc__, "decoding_speed")
    result.add_argument("--model", type=Path, action="append", help="a model folder; repeatable")
    result.add_argument(
        "--work", type=Path, default=Path("build/benchmarks/models"),
        help="where models trained here are kept (%(default)s)",
    )  # fmt: skip
    result.add_argument("--train-updates", type=int, default=400, help="(%(default)s)")
    result.add_argument("--beams", type=int, nargs="+", default=[1, 5])
    result.add_argument("--batches", type=int, nargs="+", default=[1, 16, 64, 256])
    result.add_argument("--seconds", type=float, default=8, help="a measurement (%(default)s)")
    result.add_argument(
        "--precision", choices=["auto", *PRODUCTS], default="auto", help="(%(default)s)"
    )
    return result.parse_args()


def main() -> None:
    """Measure and report."""
    flags = parse_flags()
    pin(flags.core)
    precision = choose_products(flags.precision, torch.device("cpu"))
    texts = read_split(flags.data, "test_2016_flickr").source
    speeds: dict[tuple[str, int, int], Speed] = {}
    chosen = models(flags)
    with torch.inference_mode():
        for name, model in chosen.items():
            sources = [model.vocabulary.encode_source(text)[0] for text in texts]
            network = PRODUCTS[precision](model.network)
            for beam in flags.beams:
                for batch in flags.batches:
                    speeds[name, beam, batch] = measure(
                        network, sources, beam=beam, batch=batch, seconds=flags.seconds
                    )
                    print(f"{name}, beam {beam}, batch {batch}: done", file=sys.stderr)
    figures: list[dict[str, Any]] = [
        {"model": name, "beam": beam, "batch": batch, **asdict(speed)}
        for (name, beam, batch), speed in speeds.items()
    ]
    report(
        f"Speed of translating, one core, {precision}",
        [table(speeds)],
        {"speeds": figures},
        flags.json,
    )


if __name__ == "__main__":
    main()
