"""Posteriors of n-grams: how probable it is, to a system, that its translation holds them.

The candidates that a system found stand for all its translations, with probabilities P ∝ exp(scale
· score). The posterior of an n-gram is the sum of P over the candidates that hold it (Tromble et
al. 2008, "Lattice minimum Bayes-risk decoding for statistical machine translation", section 3).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from math import exp
from typing import Any

ORDER = 4
"""The longest n-grams, as in BLEU."""

Gram = tuple[Any, ...]
Posteriors = Mapping[Gram, float]


def posteriors(
    candidates: Sequence[Sequence[Hashable]], scores: Sequence[float], scale: float
) -> dict[Gram, float]:
    """Of all n-grams of the candidates, each a sequence of tokens; scores: logarithms."""
    if not candidates:
        return {}
    best = max(scores)
    shares = [exp(scale * (score - best)) for score in scores]
    total = sum(shares)
    found: defaultdict[Gram, float] = defaultdict(float)
    for tokens, share in zip(candidates, shares, strict=True):
        for gram in set(grams(tokens)):
            found[gram] += share / total
    return {gram: min(one, 1.0) for gram, one in found.items()}


def grams(tokens: Sequence[Hashable]) -> Iterator[Gram]:
    """All n-grams up to `ORDER`, as often as they occur."""
    for end in range(1, len(tokens) + 1):
        for start in range(max(0, end - ORDER), end):
            yield tuple(tokens[start:end])


def expected_matches(tokens: Sequence[Hashable], of: Posteriors) -> list[float]:
    """The sum of the posteriors of the n-grams in a text, each occurrence counted: n = 1 … 4.

    That is, but for clipping, how many n-grams it is expected to share with a translation.
    """
    sums = [0.0] * ORDER
    for gram in grams(tokens):
        sums[len(gram) - 1] += of.get(gram, 0.0)
    return sums
