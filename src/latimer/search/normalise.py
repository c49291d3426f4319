"""Length normalisation: log P divided by a function of the length T, EOS counted.

A log-probability only falls as tokens are added, so without it search prefers short
translations. Every divisor here is positive and does not fall as T grows (for α ≥ 0), which
`upper_bound` relies on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor


def power(length: Tensor, alpha: float) -> Tensor:
    """T^α; with α = 1 the score is the mean log-probability of a token."""
    return length.double() ** alpha


def gnmt(length: Tensor, alpha: float) -> Tensor:
    """((5 + T) / 6)^α (Wu et al. 2016, equation 14, without coverage)."""
    return ((5 + length.double()) / 6) ** alpha


def none(length: Tensor, alpha: float) -> Tensor:
    """1: the score is log P itself, whatever α."""
    return torch.ones_like(length, dtype=torch.float64)


NORMALISATIONS: dict[str, Callable[[Tensor, float], Tensor]] = {
    "power": power,
    "gnmt": gnmt,
    "none": none,
}


class Normaliser(NamedTuple):
    """One normalisation with its α."""

    divisor: Callable[[Tensor, float], Tensor]
    alpha: float

    def score(self, log_prob: Tensor, length: Tensor) -> Tensor:
        """The score of finished hypotheses of `length` tokens; shapes broadcast."""
        return log_prob / self.divisor(length, self.alpha)

    def upper_bound(self, log_prob: Tensor, longest: Tensor) -> Tensor:
        """No continuation of a prefix with `log_prob`, of at most `longest` tokens, scores higher.

        Proof. Let l ≤ 0 be the prefix's log P, and l' that of a continuation of T ≤ L = longest
        tokens. More tokens multiply in probabilities of at most 1, so l' ≤ l ≤ 0. The divisor d
        is positive and does not fall: 0 < d(T) ≤ d(L). Hence l'/d(T) ≤ l/d(T) ≤ l/d(L), the last
        because l ≤ 0.
        """
        return log_prob / self.divisor(longest, self.alpha)


def normaliser(normalisation: str, alpha: float) -> Normaliser:
    """The named normalisation; `latimer.search.strategies` says which names and α there are."""
    return Normaliser(NORMALISATIONS[normalisation], alpha)
