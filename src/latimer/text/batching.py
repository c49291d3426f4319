"""Padded batches under a token budget, in an order that is a pure function of (seed, epoch).

`plan` decides which rows go together without reading a token; `collate` fetches and pads them.
A run can therefore resume anywhere: the plan of its epoch is computed again and skipped into.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from latimer.text.vocabulary.subwords import BOS, EOS, PAD

if TYPE_CHECKING:  # it brings pyarrow, which a translator does without
    from latimer.text.corpus.tokenised import TokenisedCorpus

POOL_BATCHES = 100
"""Rows are sorted by length within a random pool of about so many batches."""


@dataclass(frozen=True)
class Batch:
    """Token ids of some sentence pairs, longest target first.

    `source` [batch, source_time] is pieces and EOS, `target` [batch, target_time + 1] is BOS,
    pieces and EOS, both padded with PAD on the right. `source_lengths` [batch] and
    `target_lengths` [batch] count EOS but not BOS, so the latter is the number of labels.
    """

    source: Tensor
    source_lengths: Tensor
    target: Tensor
    target_lengths: Tensor

    @property
    def inputs(self) -> Tensor:
        """What the decoder reads, `[batch, target_time]`: BOS and pieces."""
        return self.target[:, :-1]

    @property
    def labels(self) -> Tensor:
        """What the decoder should write, `[batch, target_time]`: pieces and EOS."""
        return self.target[:, 1:]

    @property
    def tokens(self) -> int:
        """Number of labels, padding left out."""
        return int(self.target_lengths.sum())

    def to(self, device: torch.device | str) -> Batch:
        """The same batch on `device`; copies do not wait for one another."""
        return Batch(
            self.source.to(device, non_blocking=True),
            self.source_lengths.to(device, non_blocking=True),
            self.target.to(device, non_blocking=True),
            self.target_lengths.to(device, non_blocking=True),
        )


def plan(
    source_lengths: npt.ArrayLike,
    target_lengths: npt.ArrayLike,
    *,
    tokens: int,
    seed: int,
    epoch: int,
    max_sentences: int | None = None,
) -> list[npt.NDArray[np.int64]]:
    """Row indices of every batch of one epoch; each row occurs in exactly one batch.

    Lengths are numbers of pieces, `[rows]`; the EOS that `collate` adds is counted here. A batch
    holds at most `tokens` positions on either side, padding included (`rows * (longest + 1) <=
    tokens`), and at most `max_sentences` rows; a row too long for that is a batch of its own.
    The result depends on nothing but the arguments. `seed` and `epoch` are not negative.
    """
    source = np.asarray(source_lengths, dtype=np.int64) + 1
    target = np.asarray(target_lengths, dtype=np.int64) + 1
    if source.shape != target.shape or source.ndim != 1:
        raise ValueError(f"lengths of shape {source.shape} and {target.shape}; need [rows] twice")
    if tokens < 1 or (max_sentences is not None and max_sentences < 1):
        raise ValueError("tokens and max_sentences must be at least 1")
    random = np.random.default_rng([seed, epoch])
    shuffled = random.permutation(len(source))
    cost = np.maximum(source, target)
    # Integer division of the running cost gives pools of equal work, not of equal row counts.
    pool = np.cumsum(cost[shuffled]) // (POOL_BATCHES * tokens)
    order, pool = _sort_within_pools(shuffled, pool, source, target)
    bounds = _cut(cost[order], pool, tokens, max_sentences)
    batches = np.split(order, bounds[:-1]) if bounds else []
    return [batches[k] for k in random.permutation(len(batches))]


def _sort_within_pools(
    shuffled: npt.NDArray[np.int64],
    pool: npt.NDArray[np.int64],
    source: npt.NDArray[np.int64],
    target: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Rows by pool, then target length, then source length, ties as shuffled.

    The source order turns round from one target length to the next, so that a batch which spans
    two of them still holds sources of like length.
    """
    shuffled_target, shuffled_source = target[shuffled], source[shuffled]
    snake = np.where(shuffled_target % 2 == 0, shuffled_source, -shuffled_source)
    rank = np.lexsort((snake, shuffled_target, pool))
    return shuffled[rank], pool[rank]


def _cut(
    cost: npt.NDArray[np.int64],
    pool: npt.NDArray[np.int64],
    tokens: int,
    max_sentences: int | None,
) -> list[int]:
    """Ends of the batches: greedily as many rows as fit the budget, never across two pools."""
    pool_ends = np.append(np.flatnonzero(np.diff(pool)) + 1, len(pool))
    bounds: list[int] = []
    start = 0
    for pool_end in pool_ends.tolist():
        while start < pool_end:
            room = max(1, tokens // int(cost[start]))
            end = min(pool_end, start + min(room, max_sentences or room))
            longest = np.maximum.accumulate(cost[start:end])
            fitting = np.count_nonzero(longest * np.arange(1, end - start + 1) <= tokens)
            start += max(1, int(fitting))
            bounds.append(start)
    return bounds


def collate(corpus: TokenisedCorpus, indices: Sequence[int] | npt.NDArray[np.int64]) -> Batch:
    """The rows `indices` of `corpus` as one padded batch, longest target first (stable)."""
    chosen = np.asarray(indices, dtype=np.int64)
    chosen = chosen[np.argsort(-corpus.target_lengths[chosen], kind="stable")]
    rows = [corpus.row(int(index)) for index in chosen]
    source, source_lengths = _pad([row[0] for row in rows], corpus.source_lengths[chosen])
    labels, target_lengths = _pad([row[1] for row in rows], corpus.target_lengths[chosen])
    target = np.full((labels.shape[0], labels.shape[1] + 1), BOS, dtype=np.int64)
    target[:, 1:] = labels
    return Batch(
        torch.from_numpy(source),
        torch.from_numpy(source_lengths),
        torch.from_numpy(target),
        torch.from_numpy(target_lengths),
    )


def pad_sources(sources: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Pieces of some sentences as `[batch, time]` with EOS and padding, and lengths `[batch]`."""
    rows = [np.asarray(source, dtype=np.int64) for source in sources]
    padded, lengths = _pad(rows, np.array([len(row) for row in rows], dtype=np.int64))
    return torch.from_numpy(padded), torch.from_numpy(lengths)


def _pad(
    rows: list[npt.NDArray[np.int32]] | list[npt.NDArray[np.int64]],
    lengths: npt.NDArray[np.int64] | npt.NDArray[np.int32],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Rows with EOS, padded on the right, `[rows, time]`, and their lengths with EOS `[rows]`."""
    pieces = lengths.astype(np.int64)
    time = np.arange(pieces.max(initial=0) + 1)
    padded = np.full((len(rows), len(time)), PAD, dtype=np.int64)
    if rows:
        # A boolean mask is filled in row-major order, which is the order of the concatenation.
        padded[time < pieces[:, None]] = np.concatenate(rows)
    padded[np.arange(len(rows)), pieces] = EOS
    return padded, pieces + 1
