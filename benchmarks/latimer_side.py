"""Latimer as the benchmarks run it: its own network, batching, objective and optimiser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch

from benchmarks.architecture import Architecture
from benchmarks.common import BATCH_SENTENCES, Pieces
from latimer.nn.build import build_seq2seq
from latimer.nn.output import smoothed_cross_entropy
from latimer.nn.seq2seq import Seq2Seq, pack
from latimer.text.batching import Batch, collate, plan
from latimer.text.tokenised import TokenisedCorpus

POSITIONS = 64 * BATCH_SENTENCES
"""The token budget: so generous that the number of sentences alone ends a batch."""


def open_corpus(pieces: Pieces, path: Path) -> TokenisedCorpus:
    """The pieces as a tokenised corpus in the file `path`."""
    TokenisedCorpus.write(path, zip(pieces.source, pieces.target, strict=True))
    return TokenisedCorpus.open(path)


def build(architecture: Architecture, seed: int = 1) -> Seq2Seq:
    """A network with freshly drawn weights."""
    torch.manual_seed(seed)
    return build_seq2seq(**architecture.keywords())  # type: ignore[arg-type]


def batches(corpus: TokenisedCorpus, seed: int = 1) -> Iterator[Batch]:
    """Batches of 64 sentences, epoch after epoch."""
    epoch = 0
    while True:
        rows = plan(
            corpus.source_lengths,
            corpus.target_lengths,
            tokens=POSITIONS,
            seed=seed,
            epoch=epoch,
            max_sentences=BATCH_SENTENCES,
        )
        yield from (collate(corpus, indices) for indices in rows)
        epoch += 1


def train_updates(network: Seq2Seq, corpus: TokenisedCorpus, *, bf16: bool) -> Iterator[int]:
    """Train for ever: label smoothing 0.1, Adam 1e-3, clip 1; yields an update's target tokens."""
    network.train()
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    for batch in batches(corpus):
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            memory = network.encode(batch.source, batch.source_lengths)
            features = network.features(memory, batch.inputs, batch.target_lengths)
            labels = pack(batch.labels, batch.target_lengths)
            output = network.output
            loss, _ = smoothed_cross_entropy(features, output.weight, output.bias, labels, 0.1)
        optimiser.zero_grad()
        (loss / batch.tokens).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        yield batch.tokens
