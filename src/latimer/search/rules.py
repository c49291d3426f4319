"""Rules on what may be written next, for every search: lengths, repetitions, a given beginning.

A rule bans tokens. Their probability goes to PAD, which nobody writes, so that a translation that
obeys has the log-probability that the model gives it, and no search needs to know of rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from latimer.errors import InputError
from latimer.search.combined import with_remainder
from latimer.search.scorer import Scorer
from latimer.text.vocabulary.subwords import BOS, EOS


class Rule(Protocol):
    """Says what may not be written."""

    def ban(self, logs: Tensor, written: Tensor, sentences: Tensor) -> None:
        """Put −∞ into `logs [rows, vocab]` where a token is banned.

        `written [rows, time]` are the tokens so far, without BOS; `sentences [rows]` the places of
        the rows' sentences in the batch that search began with.
        """


@dataclass(frozen=True)
class MinimumLength:
    """EOS only after so many tokens; they do not count EOS."""

    tokens: int

    def __post_init__(self) -> None:
        """Refuse what is no length."""
        if self.tokens < 0:
            raise InputError(f"minimum length: at least 0 expected, not {self.tokens}")

    def ban(self, logs: Tensor, written: Tensor, sentences: Tensor) -> None:
        """See `Rule`."""
        if written.shape[1] < self.tokens:
            logs[:, EOS] = -torch.inf


@dataclass(frozen=True)
class NoRepeat:
    """No n-gram of tokens twice (Paulus et al. 2018, section 2.5)."""

    n: int

    def __post_init__(self) -> None:
        """Refuse what is no size of n-grams."""
        if self.n < 1:
            raise InputError(f"n-grams not to repeat: at least 1 token expected, not {self.n}")

    def ban(self, logs: Tensor, written: Tensor, sentences: Tensor) -> None:
        """See `Rule`."""
        if written.shape[1] < self.n:
            return
        windows = written.unfold(1, self.n, 1)  # [rows, windows, n]
        last = written[:, written.shape[1] - self.n + 1 :]
        again = (windows[:, :, :-1] == last[:, None]).all(2)
        rows, places = again.nonzero(as_tuple=True)
        logs[rows, windows[rows, places, -1]] = -torch.inf


@dataclass(frozen=True)
class ForcedPrefix:
    """Translations begin with given tokens: a list for each sentence of the batch."""

    tokens: Sequence[Sequence[int]]

    def __post_init__(self) -> None:
        """Refuse what no translation can hold."""
        if any(token <= EOS for row in self.tokens for token in row):
            raise InputError(
                "a forced prefix holds a piece that is never written (unknown to the vocabulary)"
            )

    def ban(self, logs: Tensor, written: Tensor, sentences: Tensor) -> None:
        """See `Rule`."""
        length = written.shape[1]
        forced = torch.tensor(
            [row[length] if length < len(row) else -1 for row in self.tokens],
            device=logs.device,
        )[sentences]
        rows = (forced >= 0).nonzero().squeeze(1)
        kept = logs[rows, forced[rows]]
        logs[rows] = -torch.inf
        logs[rows, forced[rows]] = kept


@dataclass(frozen=True)
class RuledState:
    """A scorer's state, and what was written."""

    inner: Any
    written: Tensor
    sentences: Tensor

    @property
    def attention(self) -> Tensor | None:
        """See `scorer.State`."""
        found: Tensor | None = self.inner.attention
        return found

    def select(self, rows: Tensor, sentences: Tensor | None = None) -> RuledState:
        """See `scorer.State`."""
        inner = self.inner.select(rows, sentences)
        return RuledState(inner, self.written[rows], self.sentences[rows])


class Ruled:
    """A scorer whose tokens obey rules."""

    def __init__(self, scorer: Scorer[Any], rules: Sequence[Rule]) -> None:
        """`rules` all hold."""
        self.scorer, self.rules = scorer, list(rules)

    def start(self, source: Tensor, lengths: Tensor) -> RuledState:
        """See `Scorer`."""
        nothing = source.new_empty(len(source), 0)
        places = torch.arange(len(source), device=source.device)
        return RuledState(self.scorer.start(source, lengths), nothing, places)

    def step(self, state: RuledState, tokens: Tensor) -> tuple[Tensor, RuledState]:
        """See `Scorer`."""
        written = state.written
        if written.shape[1] or not bool((tokens == BOS).all()):
            written = torch.cat([written, tokens[:, None]], 1)
        scores, inner = self.scorer.step(state.inner, tokens)
        logs = scores.double().log_softmax(1)
        for rule in self.rules:
            rule.ban(logs, written, state.sentences)
        return with_remainder(logs), RuledState(inner, written, state.sentences)
