"""Latimer at the reference architecture in a process of its own, as the peers are run."""

from __future__ import annotations

import argparse
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import torch

from benchmarks.common import EOS, Pieces, load_processor, read_lines
from benchmarks.peers import latimer_side
from benchmarks.peers.architecture import REFERENCE
from benchmarks.peers.contender import Command, Contender, Training, Translating
from benchmarks.peers.corpus import Corpus
from benchmarks.peers.run_timed import UpdateClock
from latimer.engines.neural.shortlist import Shortlisted, choose_shortlist
from latimer.model.folder import load_model
from latimer.nn.inference.folded import fold
from latimer.nn.inference.products import PRODUCTS, choose_products
from latimer.search.beam import beam_search
from latimer.search.scorer import Scorer, default_max_length
from latimer.search.stopping import STOPS
from latimer.search.strategies import Beam
from latimer.text.batching import pad_sources
from latimer.train.loop.allocator import keep_freed_memory


def contender(*, bf16: bool, stop: str, shortlist: str) -> Contender:
    """Latimer in the environment of this interpreter.

    It trains in bfloat16 or float32; `stop` says when its beam search ends, "safe", "near" or
    "first", and `shortlist` is that of its translators: "auto", "off" or a number.
    """
    module = [sys.executable, "-m", "benchmarks.peers.latimer_process"]

    def train(job: Training) -> Command:
        numbers = ["--updates", str(job.updates), "--clock", str(job.clock)]
        folders = [str(job.corpus.folder), str(job.folder)]
        return Command([*module, "train", *folders, *numbers, *(["--bf16"] if bf16 else [])])

    def translate(job: Translating) -> Command:
        files = [str(job.folder), str(job.source), str(job.output)]
        numbers = ["--beam", str(job.beam), "--batch", str(job.batch), "--stop", stop]
        numbers += ["--shortlist", shortlist]
        return Command([*module, "translate", *files, *numbers])

    return Contender("Latimer", train, translate)


def train(flags: argparse.Namespace) -> None:
    """Train, noting the time at which each update ends, and save the model."""
    corpus, clock = Corpus(flags.corpus), UpdateClock()
    processor = load_processor(corpus.model.read_bytes())
    ids = [
        [processor.piece_to_id(line.split()) for line in read_lines(corpus.file("train", language))]
        for language in ("en", "de")
    ]
    tokenised = latimer_side.write_corpus(Pieces(*ids), flags.folder.with_suffix(".arrow"))
    network, updates = latimer_side.train_updates(REFERENCE, tokenised, bf16=flags.bf16)
    for tokens in islice(updates, flags.updates):
        clock.tick(tokens)
    clock.write(flags.clock)
    latimer_side.save(network, REFERENCE, corpus.model, tokenised, flags.folder)


def translate(flags: argparse.Namespace) -> None:
    """Translate a file of pieces by beam search, batches of like length."""
    model = load_model(flags.folder)
    precision = choose_products(flags.precision, model.network.device)
    network = PRODUCTS[precision](fold(model.network))
    shortlist = choose_shortlist(
        flags.shortlist, model.lexicon, network, joint=True, precision=precision
    )
    processor = load_processor(Corpus(flags.source.parent).model.read_bytes())
    sources = [processor.piece_to_id(line.split()) for line in read_lines(flags.source)]
    order = sorted(range(len(sources)), key=lambda row: len(sources[row]))
    lines = [""] * len(sources)
    for start in range(0, len(order), flags.batch):
        rows = order[start : start + flags.batch]
        padded, lengths = pad_sources([sources[row] for row in rows])
        with torch.inference_mode():
            limit = default_max_length(lengths)
            short = None if shortlist is None else Shortlisted(shortlist, padded)
            scorer: Scorer[Any] = network if short is None else short
            found = beam_search(
                scorer, padded, lengths, Beam(flags.beam, stop=flags.stop), max_length=limit
            )
            found = found if short is None else short.in_tokens(found)
        for row, hypotheses in zip(rows, found, strict=True):
            tokens = [token for token in hypotheses[0].tokens if token > EOS]
            lines[row] = " ".join(processor.id_to_piece(tokens))
    flags.output.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def main() -> None:
    """`train CORPUS FOLDER` or `translate FOLDER SOURCE OUTPUT`."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)
    training = commands.add_parser("train", help="train for some updates")
    training.add_argument("corpus", type=Path)
    training.add_argument("folder", type=Path)
    training.add_argument("--updates", type=int, required=True)
    training.add_argument("--clock", type=Path, required=True)
    training.add_argument("--bf16", action="store_true")
    training.set_defaults(run=train)
    translating = commands.add_parser("translate", help="translate a file of pieces")
    translating.add_argument("folder", type=Path)
    translating.add_argument("source", type=Path)
    translating.add_argument("output", type=Path)
    translating.add_argument("--beam", type=int, default=5)
    translating.add_argument("--batch", type=int, default=64)
    translating.add_argument("--stop", choices=list(STOPS), default="safe")
    translating.add_argument("--precision", choices=["auto", *PRODUCTS], default="auto")
    translating.add_argument("--shortlist", default="auto")
    translating.set_defaults(run=translate)
    flags = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()
    flags.run(flags)


if __name__ == "__main__":
    main()
