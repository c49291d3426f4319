"""IBM models 1 and 2 of one direction.

Brown et al. 1993: every target word t_j of a sentence pair is linked to one source word s_i or to
NULL, Pr(t, a | s) = Π_j p(a_j = i | j, l, m) · t(t_j | s_i). In model 1 all l + 1 sources are
equally probable. Model 2 has the diagonal prior of Dyer et al. 2013: NULL has probability p0, and
position i (from 1) of l has (1 - p0) · exp(-λ |i/l - j/m|) / Z for position j (from 1) of m. Each
round estimates the *tension* λ anew by Newton's method: the gradient of the likelihood is the mean
distance under the prior less that under the posterior.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from latimer.compiled import compiled
from latimer.statistical.alignment.word_pairs import WordPairs, maximise
from latimer.statistical.sentences import Sentences

STEEPEST = 20.0
"""Greatest tension."""
UNIFORM = -1.0
"""A tension that stands for the uniform prior of model 1."""


class Fit(NamedTuple):
    """What expectation maximisation left: log-likelihood before each round, and the tension."""

    likelihoods: list[float]
    tension: float


def fit_model_1(
    pairs: WordPairs,
    source: Sentences,
    target: Sentences,
    table: npt.NDArray[np.float64],
    rows: npt.NDArray[np.int64],
    *,
    rounds: int,
    smoothing: float,
) -> Fit:
    """Estimate `table [entries]`, in place."""
    likelihoods = []
    for _ in range(rounds):
        counts = np.zeros(len(table))
        likelihood, _ = expect(
            *pairs[1:], source.offsets, target.offsets, table, UNIFORM, 0.0, counts
        )
        maximise(counts, rows, smoothing)
        table[:] = counts
        likelihoods.append(likelihood)
    return Fit(likelihoods, UNIFORM)


def fit_model_2(
    pairs: WordPairs,
    source: Sentences,
    target: Sentences,
    table: npt.NDArray[np.float64],
    rows: npt.NDArray[np.int64],
    *,
    rounds: int,
    smoothing: float,
    null: float,
    tension: float,
) -> Fit:
    """Estimate `table [entries]`, in place, and the tension."""
    likelihoods = []
    shapes, times = np.unique(
        np.stack([np.diff(source.offsets), np.diff(target.offsets)], 1), axis=0, return_counts=True
    )
    for _ in range(rounds):
        counts = np.zeros(len(table))
        likelihood, distance = expect(
            *pairs[1:], source.offsets, target.offsets, table, tension, null, counts
        )
        linked = counts[rows[1] :].sum()
        maximise(counts, rows, smoothing)
        table[:] = counts
        likelihoods.append(likelihood)
        tension = steepness(shapes, times, tension, distance / max(linked, 1e-300))
    return Fit(likelihoods, float(tension))


@compiled
def set_prior(length, others, tension, null, prior):  # type: ignore[no-untyped-def]
    """Fill `prior [length + 1, others]`: of NULL, then of each source position."""
    if tension < 0:
        prior[: length + 1, :others] = 1 / (length + 1)
        return
    prior[0, :others] = null if length else 1.0
    if not length:
        return
    step = np.exp(-tension / length)
    for j in range(others):
        diagonal = (j + 1) / others * length
        below = min(length, int(diagonal))
        total = 0.0
        value = np.exp(-tension * (diagonal - below) / length)
        for i in range(below, 0, -1):
            prior[i, j] = value
            total += value
            value *= step
        value = np.exp(-tension * (below + 1 - diagonal) / length)
        for i in range(below + 1, length + 1):
            prior[i, j] = value
            total += value
            value *= step
        for i in range(1, length + 1):
            prior[i, j] *= (1 - null) / total


@compiled
def expect(entries, first, source_offsets, target_offsets, table, tension, null, counts):  # type: ignore[no-untyped-def]
    """Add expected counts to `counts [entries]`.

    Returns the log-likelihood of the corpus and the sum of the expected distances |i/l - j/m| of
    all links but those to NULL.
    """
    longest, widest = 0, 0
    for pair in range(len(first) - 1):
        longest = max(longest, source_offsets[pair + 1] - source_offsets[pair])
        widest = max(widest, target_offsets[pair + 1] - target_offsets[pair])
    prior = np.empty((longest + 1, widest))
    joint = np.empty((longest + 1, widest))
    totals = np.empty(widest)
    likelihood, distance = 0.0, 0.0
    for pair in range(len(first) - 1):
        length = source_offsets[pair + 1] - source_offsets[pair]
        others = target_offsets[pair + 1] - target_offsets[pair]
        set_prior(length, others, tension, null, prior)
        totals[:others] = 0
        at = first[pair]
        for i in range(length + 1):
            for j in range(others):
                value = table[entries[at]] * prior[i, j]
                joint[i, j] = value
                totals[j] += value
                at += 1
        for j in range(others):
            likelihood += np.log(totals[j])
            totals[j] = 1 / totals[j]
        at = first[pair]
        for i in range(length + 1):
            for j in range(others):
                value = joint[i, j] * totals[j]
                counts[entries[at]] += value
                if i:
                    distance += value * abs(i / length - (j + 1) / others)
                at += 1
    return likelihood, distance


@compiled
def steepness(shapes, times, tension, wanted):  # type: ignore[no-untyped-def]
    """The tension whose prior has the mean distance `wanted`, by Newton's method.

    shapes: distinct (source length, target length) `[shapes, 2]`; times: how often, `[shapes]`.
    """
    for _ in range(8):
        mean, variance, tokens = 0.0, 0.0, 0.0
        for k in range(len(shapes)):
            length, others = shapes[k]
            if not length:
                continue
            for j in range(others):
                total, once, twice = 0.0, 0.0, 0.0
                for i in range(length):
                    far = abs((i + 1) / length - (j + 1) / others)
                    weight = np.exp(-tension * far)
                    total += weight
                    once += weight * far
                    twice += weight * far * far
                once /= total
                mean += times[k] * once
                variance += times[k] * (twice / total - once * once)
                tokens += times[k]
        if variance <= 0:
            break
        change = (mean - wanted * tokens) / variance
        tension = min(max(tension + min(max(change, -2.0), 2.0), 0.0), STEEPEST)
        if abs(change) < 1e-4:
            break
    return tension


@compiled
def best_links(emission, length, others, tension, null, prior, best):  # type: ignore[no-untyped-def]
    """Fill `best [others]` with the most probable source position of each target, -1 for NULL.

    emission: t(t_j | s_i) `[length + 1, others]`, NULL first. A tie goes to the first position.
    """
    set_prior(length, others, tension, null, prior)
    for j in range(others):
        most, winner = emission[0, j] * prior[0, j], -1
        for i in range(1, length + 1):
            value = emission[i, j] * prior[i, j]
            if value > most:
                most, winner = value, i - 1
        best[j] = winner
