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

from latimer.compiled import compiled
from latimer.statistical.alignment.settings import AlignmentSettings
from latimer.statistical.alignment.word_pairs import WordPairs, longest_sentences, maximise
from latimer.statistical.arrays import Array, Floats, Ints, Longs

STEEPEST = 20.0
"""Greatest tension."""
UNIFORM = -1.0
"""A tension that stands for the uniform prior of model 1."""


class Fit(NamedTuple):
    """What expectation maximisation left: log-likelihood before each round, and the tension."""

    likelihoods: list[float]
    tension: float


def fit_model_1(pairs: WordPairs, table: Floats, settings: AlignmentSettings) -> Fit:
    """Estimate `table [entries]`, in place."""
    likelihoods = []
    for _ in range(settings.rounds):
        counts = np.zeros(len(table))
        likelihoods.append(expect(pairs, table, UNIFORM, 0.0, counts)[0])
        maximise(counts, pairs.rows, settings.smoothing)
        table[:] = counts
    return Fit(likelihoods, UNIFORM)


def fit_model_2(pairs: WordPairs, table: Floats, settings: AlignmentSettings) -> Fit:
    """Estimate `table [entries]`, in place, and the tension."""
    likelihoods, tension = [], settings.tension
    lengths = np.stack([np.diff(pairs.source_offsets), np.diff(pairs.target_offsets)], 1)
    shapes, times = np.unique(lengths, axis=0, return_counts=True)
    for _ in range(settings.rounds):
        counts = np.zeros(len(table))
        likelihood, distance = expect(pairs, table, tension, settings.null, counts)
        linked = counts[pairs.rows[1] :].sum()
        maximise(counts, pairs.rows, settings.smoothing)
        table[:] = counts
        likelihoods.append(likelihood)
        tension = float(steepness(shapes, times, tension, distance / max(linked, 1e-300)))
    return Fit(likelihoods, tension)


@compiled
def set_prior(length: int, others: int, tension: float, null: float, prior: Array) -> None:
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
def expect(
    pairs: WordPairs, table: Floats, tension: float, null: float, counts: Floats
) -> tuple[float, float]:
    """Add expected counts to `counts [entries]`.

    Returns the log-likelihood of the corpus and the sum of the expected distances |i/l - j/m| of
    all links but those to NULL.
    """
    longest, widest = longest_sentences(pairs.source_offsets, pairs.target_offsets)
    prior, joint = np.empty((longest + 1, widest)), np.empty((longest + 1, widest))
    totals = np.empty(widest)
    likelihood, distance = 0.0, 0.0
    for pair in range(len(pairs.first) - 1):
        length = pairs.source_offsets[pair + 1] - pairs.source_offsets[pair]
        others = pairs.target_offsets[pair + 1] - pairs.target_offsets[pair]
        set_prior(length, others, tension, null, prior)
        totals[:others] = 1e-300
        at = pairs.first[pair]
        for i in range(length + 1):
            for j in range(others):
                value = table[pairs.entries[at]] * prior[i, j]
                joint[i, j] = value
                totals[j] += value
                at += 1
        for j in range(others):
            likelihood += np.log(totals[j])
            totals[j] = 1 / totals[j]
        at = pairs.first[pair]
        step = 1 / max(others, 1)
        for i in range(length + 1):
            position = i / length if i else 0.0
            for j in range(others):
                value = joint[i, j] * totals[j]
                counts[pairs.entries[at]] += value
                if i:
                    distance += value * abs(position - (j + 1) * step)
                at += 1
    return likelihood, distance


@compiled
def steepness(shapes: Longs, times: Longs, tension: float, wanted: float) -> float:
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
def best_links(
    emission: Array, length: int, others: int, tension: float, null: float, prior: Array, best: Ints
) -> None:
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
