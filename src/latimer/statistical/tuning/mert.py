"""Minimum error rate training (Och 2003): corpus BLEU of a pool, maximised by line searches."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from latimer.statistical.tuning.bleu import Floats
from latimer.statistical.tuning.features import Box, FeatureWeights
from latimer.statistical.tuning.line import search
from latimer.statistical.tuning.pool import NBestPool
from latimer.statistical.tuning.settings import TuningSettings

SWEEPS = 20
"""Passes over all directions, at most."""

GAIN = 0.01
"""BLEU; a pass that gains less is the last."""


def mert(
    pool: NBestPool,
    start: Floats,
    features: FeatureWeights,
    settings: TuningSettings,
    random: np.random.Generator,
) -> Floats:
    """The best weights found from `start` and from `settings.restarts` points near it.

    All are within `features.box(start, settings.trust)`. Every pass tries each weight on its own,
    in random order, and as many random directions (Cer et al. 2008), by exact line search.
    """
    box = features.box(start, settings.trust)
    columns = np.ascontiguousarray(pool.features.T, np.float64)
    found = [
        _climb(pool, columns, begin, box, random) for begin in _starts(start, box, settings, random)
    ]
    return max(found, key=lambda one: one[1])[0]


def _starts(
    start: Floats, box: Box, settings: TuningSettings, random: np.random.Generator
) -> Iterator[Floats]:
    """`start`, then random points of the box that are drawn towards it."""
    yield box.clipped(start)
    for _ in range(settings.restarts):
        yield box.clipped(start + 0.5 * (random.uniform(box.low, box.high) - start))


def _climb(
    pool: NBestPool, columns: Floats, weights: Floats, box: Box, random: np.random.Generator
) -> tuple[Floats, float]:
    """A local maximum and its BLEU; columns: `[features, candidates]`."""
    scores, best = weights @ columns, -1.0
    for _ in range(SWEEPS):
        before = best
        for direction in _directions(weights, box, random):
            low, high = box.along(weights, direction)
            if high <= low:
                continue
            moving = np.flatnonzero(direction)
            slopes = columns[moving[0]] if len(moving) == 1 else direction @ columns
            x, best = search(scores, slopes, pool.counts, pool.offsets, low, high)
            if x:
                weights = box.clipped(weights + x * direction)
                scores += x * slopes
        if best < before + GAIN:
            break
    return weights, best


def _directions(weights: Floats, box: Box, random: np.random.Generator) -> Iterator[Floats]:
    """Each free weight in random order, and after each a random direction.

    A random direction leaves alone weights that stand at a bound, which would block it.
    """
    size = box.high - box.low
    inside = (weights > box.low) & (weights < box.high)
    for feature in random.permutation(box.free):
        single = np.zeros(len(weights))
        single[feature] = 1.0
        yield single
        yield np.where(inside, size * random.normal(size=len(weights)), 0.0)
