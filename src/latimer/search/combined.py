"""Scorers made of scorers: ensembles, and a translator together with a language model.

They are scorers themselves, so that every search takes them: greedy, beam, sampling, exact.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from latimer.errors import InputError
from latimer.search.scorer import Scorer
from latimer.text.vocabulary.subwords import PAD


@dataclass(frozen=True)
class CombinedState:
    """The states of all members."""

    states: tuple[Any, ...]
    attention: Tensor | None = None

    def select(self, rows: Tensor, sentences: Tensor | None = None) -> CombinedState:
        """See `scorer.State`."""
        attention = None if self.attention is None else self.attention[rows]
        return CombinedState(tuple(s.select(rows, sentences) for s in self.states), attention)


def of_probabilities(logs: Tensor, weights: Tensor) -> Tensor:
    """Log Σ w p, `[rows, vocab]`, of `logs [members, rows, vocab]`: any member may propose."""
    return (logs + weights.log()[:, None, None]).logsumexp(0)


def of_log_probabilities(logs: Tensor, weights: Tensor) -> Tensor:
    """Σ w log p, `[rows, vocab]`, to be normalised anew: any member may veto."""
    return (logs * weights[:, None, None]).sum(0)


MEANS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "probabilities": of_probabilities,
    "log_probabilities": of_log_probabilities,
}


class Ensemble:
    """Several scorers that share a vocabulary, as one: a weighted mean at every step."""

    def __init__(
        self,
        members: Sequence[Scorer[Any]],
        weights: Sequence[float] | None = None,
        *,
        mean: str = "probabilities",
    ) -> None:
        """`weights`, equal by default, are positive and are divided by their sum.

        `mean` is a name of MEANS. Raises InputError for impossible settings.
        """
        if not members:
            raise InputError("an ensemble needs at least one member")
        if mean not in MEANS:
            raise InputError(f"mean: unknown {mean!r}; valid choices: {', '.join(MEANS)}")
        shares = torch.tensor([1.0] * len(members) if weights is None else list(weights))
        if len(shares) != len(members) or not bool((shares > 0).all() & shares.isfinite().all()):
            raise InputError(f"weights: {len(members)} positive numbers expected")
        self.members, self.mean = list(members), mean
        self.weights = shares / shares.sum()

    def start(self, source: Tensor, lengths: Tensor) -> CombinedState:
        """See `Scorer`."""
        return CombinedState(tuple(member.start(source, lengths) for member in self.members))

    def step(self, state: CombinedState, tokens: Tensor) -> tuple[Tensor, CombinedState]:
        """See `Scorer`. The attention is the mean of the members' where all have one."""
        logs, states = _stepped(self.members, state, tokens)
        combined = MEANS[self.mean](logs, self.weights.to(logs.device))
        seen = [s.attention for s in states if s.attention is not None]
        attention = None
        if len(seen) == len(states):
            shares = self.weights.to(seen[0].device)
            attention = sum(
                (w * one for w, one in zip(shares, seen, strict=True)), start=0 * seen[0]
            )
        return combined, CombinedState(states, attention)


class ShallowFusion:
    """log p(token | source, prefix) + λ log p(token | prefix) (Gulcehre et al. 2015, equation 6).

    The sum is not normalised anew: what is missing to 1 goes to PAD, which nobody writes, so that
    the log-probability of a translation is log P(y | x) + λ log P(y) exactly.
    """

    def __init__(self, translator: Scorer[Any], language_model: Scorer[Any], weight: float) -> None:
        """`weight` is λ; raises InputError for one below 0."""
        if not 0 <= weight <= 100:
            raise InputError(f"the weight of the language model: 0 to 100 expected, not {weight}")
        self.members, self.weight = [translator, language_model], weight

    def start(self, source: Tensor, lengths: Tensor) -> CombinedState:
        """See `Scorer`."""
        return CombinedState(tuple(member.start(source, lengths) for member in self.members))

    def step(self, state: CombinedState, tokens: Tensor) -> tuple[Tensor, CombinedState]:
        """See `Scorer`. The attention is the translator's."""
        logs, states = _stepped(self.members, state, tokens)
        fused = logs[0] + self.weight * logs[1] if self.weight else logs[0].clone()
        return with_remainder(fused), CombinedState(states, states[0].attention)


def with_remainder(logs: Tensor) -> Tensor:
    """`logs [rows, vocab]` with what their probabilities lack of 1 given to PAD; in place.

    Search normalises scores; so it leaves these as they are.
    """
    logs[:, PAD] = -torch.inf
    lacking = (1 - logs.exp().sum(1)).clamp(min=0)
    logs[:, PAD] = lacking.log()
    return logs


def _stepped(
    members: Sequence[Scorer[Any]], state: CombinedState, tokens: Tensor
) -> tuple[Tensor, tuple[Any, ...]]:
    """Log-probabilities of all members `[members, rows, vocab]`, float64, and their states."""
    stepped = [member.step(one, tokens) for member, one in zip(members, state.states, strict=True)]
    sizes = {scores.shape[1] for scores, _ in stepped}
    if len(sizes) > 1:
        raise InputError(f"members of different vocabularies: {sorted(sizes)} tokens")
    logs = torch.stack([scores.double().log_softmax(1) for scores, _ in stepped])
    return logs, tuple(one for _, one in stepped)
