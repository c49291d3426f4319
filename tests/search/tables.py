"""Scorers small enough to list every sequence they can write."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import torch
from torch import Tensor

from latimer.text.vocabulary.subwords import BOS, EOS


@dataclass(frozen=True)
class TableState:
    """Remembers each row's last two tokens, its sentence's place in the batch and its table."""

    previous: Tensor  # [rows, 2]
    sentences: Tensor  # [rows]
    tables: Tensor  # [rows]
    attention: Tensor | None = None

    def select(self, rows: Tensor, sentences: Tensor | None = None) -> TableState:
        kept = self.sentences[rows]
        if sentences is not None:
            present = torch.unique_consecutive(self.sentences)
            assert torch.equal(torch.unique_consecutive(kept), present[sentences])
        _, counts = torch.unique_consecutive(kept, return_counts=True)
        assert len(set(counts.tolist())) <= 1, "equally many rows for each sentence"
        attention = None if self.attention is None else self.attention[rows]
        return TableState(self.previous[rows], kept, self.tables[rows], attention)


@dataclass
class TableScorer:
    """Scores from a table `[tables, vocab, vocab, vocab]`, by the last two tokens.

    A sentence's first source token says which table is its own. `rows_scored` counts the work.
    """

    table: Tensor
    rows_scored: int = 0

    def start(self, source: Tensor, lengths: Tensor) -> TableState:
        previous = torch.full((len(source), 2), BOS)
        return TableState(previous, torch.arange(len(source)), source[:, 0])

    def step(self, state: TableState, tokens: Tensor) -> tuple[Tensor, TableState]:
        self.rows_scored += len(tokens)
        previous = torch.stack([state.previous[:, 1], tokens], dim=1)
        scores = self.table[state.tables, previous[:, 0], previous[:, 1]]
        # Attention that tells the row's own history: tested by following it back.
        attention = previous.double()
        return scores, TableState(previous, state.sentences, state.tables, attention)


def random_table(tables: int, vocab: int, seed: int, spread: float = 1.5) -> TableScorer:
    generator = torch.Generator().manual_seed(seed)
    return TableScorer(spread * torch.randn(tables, vocab, vocab, vocab, generator=generator))


def sources(*tables: int) -> tuple[Tensor, Tensor]:
    """A batch whose sentences use the given tables."""
    source = torch.tensor([[table, EOS] for table in tables])
    return source, torch.full((len(tables),), 2)


def log_prob(scorer: TableScorer, table: int, tokens: list[int]) -> float:
    """Sum of the log-probabilities of `tokens`, one after another."""
    total, history = 0.0, [BOS, BOS]
    for token in tokens:
        row = scorer.table[table, history[-2], history[-1]].double()
        total += float(torch.log_softmax(row, 0)[token])
        history.append(token)
    return total


def every_sequence(
    scorer: TableScorer, table: int, max_length: int, unk: bool = False
) -> list[tuple[list[int], float]]:
    """Every finished sequence of at most `max_length` tokens (EOS counted) and its log P."""
    words = list(range(EOS + 1, scorer.table.size(1))) + ([1] if unk else [])
    found = []
    for length in range(max_length):
        for tokens in itertools.product(words, repeat=length):
            found.append((list(tokens), log_prob(scorer, table, [*tokens, EOS])))
    return found
