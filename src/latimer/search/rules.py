"""Rules on what may be written next, for every search: lengths, repetitions, a given beginning.

A rule bans tokens. Their probability goes to PAD, which nobody writes, so that a translation that
obeys has the log-probability that the model gives it, and no search needs to know of rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from latimer.errors import InputError
from latimer.search.combined import with_remainder
from latimer.search.scorer import Scorer
from latimer.search.tracked import Tracked
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
    """EOS only after so many tokens: of all sentences of the batch, or of each one.

    They do not count EOS.
    """

    tokens: int | Sequence[int]

    def __post_init__(self) -> None:
        """Refuse what is no length."""
        if min(_each(self.tokens), default=0) < 0:
            raise InputError(f"minimum length: at least 0 expected, not {self.tokens}")

    def ban(self, logs: Tensor, written: Tensor, sentences: Tensor) -> None:
        """See `Rule`."""
        least = torch.tensor(self.tokens, device=logs.device)
        least = least if least.dim() == 0 else least[sentences]
        logs[:, EOS].masked_fill_(written.shape[1] < least, -torch.inf)


@dataclass(frozen=True)
class NoRepeat:
    """No n-gram of tokens twice (Paulus et al. 2018, section 2.5).

    n: of all sentences of the batch, or of each one; None where n-grams may be repeated.
    """

    n: int | Sequence[int | None]

    def __post_init__(self) -> None:
        """Refuse what is no size of n-grams."""
        if min((n for n in _each(self.n) if n is not None), default=1) < 1:
            raise InputError(f"n-grams not to repeat: at least 1 token expected, not {self.n}")

    def ban(self, logs: Tensor, written: Tensor, sentences: Tensor) -> None:
        """See `Rule`."""
        if isinstance(self.n, int):
            _ban_repeats(self.n, logs, written, torch.arange(len(logs), device=logs.device))
            return
        sizes = torch.tensor([n or 0 for n in self.n], device=logs.device)[sentences]
        for n in {n for n in self.n if n is not None}:
            _ban_repeats(n, logs, written, (sizes == n).nonzero().squeeze(1))


def _each(value: int | Sequence[Any]) -> Sequence[Any]:
    return [value] if isinstance(value, int) else value


def _ban_repeats(n: int, logs: Tensor, written: Tensor, rows: Tensor) -> None:
    """Ban what would repeat n tokens, in the given rows."""
    if written.shape[1] < n or len(rows) == 0:
        return
    windows = written[rows].unfold(1, n, 1)  # [rows, windows, n]
    last = written[rows, written.shape[1] - n + 1 :]
    again = (windows[:, :, :-1] == last[:, None]).all(2)
    some, places = again.nonzero(as_tuple=True)
    logs[rows[some], windows[some, places, -1]] = -torch.inf


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


class Written(NamedTuple):
    """The tokens of each prefix `[rows, time]`, and its sentence's place in the batch `[rows]`."""

    tokens: Tensor
    sentences: Tensor


class Ruled:
    """A scorer whose tokens obey rules."""

    def __init__(self, scorer: Scorer[Any], rules: Sequence[Rule]) -> None:
        """`rules` all hold."""
        self.scorer, self.rules = scorer, list(rules)

    def start(self, source: Tensor, lengths: Tensor) -> Tracked[Written]:
        """See `Scorer`."""
        nothing = source.new_empty(len(source), 0)
        places = torch.arange(len(source), device=source.device)
        return Tracked(self.scorer.start(source, lengths), Written(nothing, places))

    def step(self, state: Tracked[Written], tokens: Tensor) -> tuple[Tensor, Tracked[Written]]:
        """See `Scorer`."""
        written, sentences = state.rows
        if written.shape[1] or not bool((tokens == BOS).all()):
            written = torch.cat([written, tokens[:, None]], 1)
        scores, inner = self.scorer.step(state.inner, tokens)
        logs = scores.double().log_softmax(1)
        for rule in self.rules:
            rule.ban(logs, written, sentences)
        return with_remainder(logs), Tracked(inner, Written(written, sentences))
