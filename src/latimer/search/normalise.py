"""Length normalisation: log P divided by a function of the length T, EOS counted.

A log-probability only falls as tokens are added, so without it search prefers short
translations. Every divisor here is positive and does not fall as T grows (for α ≥ 0), which
`upper_bound` relies on.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from latimer.errors import InputError

MAX_ALPHA = 10.0
"""Beyond it T^α overflows for long sentences and every score is nought."""


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
    """The named normalisation.

    Raises InputError for an unknown name or an α outside 0 … MAX_ALPHA (`nan` among them).
    """
    if normalisation not in NORMALISATIONS:
        choices = ", ".join(NORMALISATIONS)
        raise InputError(f"normalisation: unknown {normalisation!r}; valid choices: {choices}")
    if not (math.isfinite(alpha) and 0 <= alpha <= MAX_ALPHA):
        raise InputError(f"alpha: a number from 0 to {MAX_ALPHA:g} expected, not {alpha}")
    return Normaliser(NORMALISATIONS[normalisation], alpha)
