"""Word alignment by enumeration: the definitions, in plain Python, for tiny sentence pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from math import exp, prod

NULL = 0
"""Position of NULL; source words are counted from 1."""


def all_alignments(length: int, others: int) -> Iterator[tuple[int, ...]]:
    """Every way to link each target word to one source word or to NULL."""
    return product(range(length + 1), repeat=others)


def uniform(length: int, others: int, alignment: tuple[int, ...]) -> float:
    """Prior of IBM model 1."""
    return (length + 1.0) ** -others


def diagonal(null: float, tension: float) -> Callable[[int, int, tuple[int, ...]], float]:
    """Prior of model 2 (Dyer et al. 2013, equations 1 and 2)."""

    def prior(length: int, others: int, alignment: tuple[int, ...]) -> float:
        value = 1.0
        for j, i in enumerate(alignment, 1):
            if i == NULL:
                value *= null
            else:
                near = [exp(-tension * abs(k / length - j / others)) for k in range(1, length + 1)]
                value *= (1 - null) * near[i - 1] / sum(near)
        return value

    return prior


def markov(
    null: float, share: float, weight: Callable[[int], float]
) -> Callable[[int, int, tuple[int, ...]], float]:
    """Prior of the HMM: `weight` of each jump width, `share` of the uniform distribution."""

    def prior(length: int, others: int, alignment: tuple[int, ...]) -> float:
        value, last = 1.0, 0
        for i in alignment:
            if i == NULL:
                value *= null
                continue
            total = sum(weight(k - last) for k in range(1, length + 1))
            value *= (1 - null) * ((1 - share) * weight(i - last) / total + share / length)
            last = i
        return value

    return prior


def posterior_counts(
    pairs: list[tuple[list[int], list[int]]],
    t: Callable[[int, int], float],
    prior: Callable[[int, int, tuple[int, ...]], float],
) -> tuple[dict[tuple[int, int], float], float]:
    """Expected counts of (source word or -1, target word), and the likelihood of all pairs."""
    counts: dict[tuple[int, int], float] = {}
    likelihood = 1.0
    for source, target in pairs:
        words = [-1, *source]
        weights = {
            one: prior(len(source), len(target), one)
            * prod(t(words[i], target[j]) for j, i in enumerate(one))
            for one in all_alignments(len(source), len(target))
        }
        total = sum(weights.values())
        likelihood *= total
        for one, weight in weights.items():
            for j, i in enumerate(one):
                key = words[i], target[j]
                counts[key] = counts.get(key, 0.0) + weight / total
    return counts, likelihood


def best_alignment(
    source: list[int],
    target: list[int],
    t: Callable[[int, int], float],
    prior: Callable[[int, int, tuple[int, ...]], float],
) -> tuple[int, ...]:
    """The most probable one."""
    words = [-1, *source]
    return max(
        all_alignments(len(source), len(target)),
        key=lambda one: (
            prior(len(source), len(target), one)
            * prod(t(words[i], target[j]) for j, i in enumerate(one))
        ),
    )
