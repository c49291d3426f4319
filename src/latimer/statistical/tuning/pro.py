"""Pairwise ranking optimisation, PRO (Hopkins & May 2011)."""

from __future__ import annotations

import numpy as np

from latimer.statistical.tuning.bleu import ORDER, Counts, Floats, Offsets
from latimer.statistical.tuning.features import Box, FeatureWeights
from latimer.statistical.tuning.pool import NBestPool
from latimer.statistical.tuning.settings import TuningSettings

DRAWN = 1000
"""Pairs of candidates drawn for each sentence."""

KEPT = 50
"""Those of them kept: the pairs that differ most in sentence BLEU."""

LEAST = 0.05
"""A pair that differs less in sentence BLEU, 0 to 1, is not kept."""

PRIOR = 10.0
"""Strength of the prior, in the pairs' log-likelihood, at one weight's own size from the start."""

ITERATIONS = 30
"""Newton steps, at most."""


def pro(
    pool: NBestPool,
    start: Floats,
    features: FeatureWeights,
    settings: TuningSettings,
    random: np.random.Generator,
) -> Floats:
    """Weights that rank pairs of candidates as sentence BLEU does, by logistic regression.

    A Gaussian prior is around the start, scaled to fit the pairs as it is: only directions count.
    Bounds are those of `features.box`, on the same scale.
    """
    pairs = _pairs(pool, random)
    box = features.box(start, settings.trust)
    if not len(pairs):
        return box.clipped(start)
    differences = (pool.features[pairs[:, 0]] - pool.features[pairs[:, 1]]).astype(np.float64)
    scale = _scale(differences @ start)
    scaled = Box(box.low * scale, box.high * scale)
    size = np.maximum(np.abs(start), np.abs(start).mean()) * scale
    return box.clipped(_regression(differences, start * scale, PRIOR / size**2, scaled) / scale)


def _pairs(pool: NBestPool, random: np.random.Generator) -> Offsets:
    """Rows (better, worse) of the pool, `[pairs, 2]`."""
    bleu = sentence_bleu(pool.counts)
    chosen = []
    for begin, end in zip(pool.offsets[:-1], pool.offsets[1:], strict=True):
        drawn = random.integers(begin, end, size=(DRAWN, 2))
        gap = bleu[drawn[:, 0]] - bleu[drawn[:, 1]]
        most = np.argsort(-np.abs(gap), kind="stable")[:KEPT]
        most = most[np.abs(gap[most]) >= LEAST]
        chosen.append(np.where(gap[most, None] > 0, drawn[most], drawn[most, ::-1]))
    return np.concatenate(chosen)


def sentence_bleu(counts: Counts) -> Floats:
    """BLEU of single sentences, 0 to 1, one added to n > 1 (Lin & Och 2004), `[rows]`."""
    table = counts.astype(np.float64)
    add = np.array([0.0] + [1.0] * (ORDER - 1))
    correct, total = table[:, 2 : 2 + ORDER] + add, table[:, 2 + ORDER :] + add
    logs = np.log(np.maximum(correct, 1e-9) / np.maximum(total, 1.0)).mean(1)
    return np.exp(logs + np.minimum(0.0, 1 - table[:, 1] / np.maximum(table[:, 0], 1e-9)))


def _scale(margins: Floats) -> float:
    """The factor of the start's margins with the greatest likelihood, 1e-3 to 1e3."""
    low, high = -3.0, 3.0
    for _ in range(40):  # bisection on the slope; the likelihood is concave in the factor
        middle = 0.5 * (low + high)
        slope = float((margins / (1 + np.exp(np.clip(10**middle * margins, -50, 50)))).sum())
        low, high = (middle, high) if slope > 0 else (low, middle)
    return float(10**low)


def _regression(differences: Floats, center: Floats, prior: Floats, box: Box) -> Floats:
    """Most probable weights in the box: projected Newton steps (Bertsekas 1982)."""
    weights = box.clipped(center)
    value = _objective(differences, weights, center, prior)
    for _ in range(ITERATIONS):
        wrong = 1 / (1 + np.exp(np.clip(differences @ weights, -50, 50)))
        gradient = differences.T @ wrong - prior * (weights - center)
        blocked = ((weights <= box.low) & (gradient <= 0)) | (
            (weights >= box.high) & (gradient >= 0)
        )
        free = np.flatnonzero(~blocked)
        if not len(free):
            break
        some = differences[:, free]
        curvature = (some.T * (wrong * (1 - wrong))) @ some + np.diag(prior[free])
        step = np.zeros(len(weights))
        step[free] = np.linalg.solve(curvature, gradient[free])
        for half in range(20):
            moved = box.clipped(weights + 0.5**half * step)
            new = _objective(differences, moved, center, prior)
            if new > value:
                break
        else:
            break
        gain, weights, value = new - value, moved, new
        if gain < 1e-6 * abs(value):
            break
    return weights


def _objective(differences: Floats, weights: Floats, center: Floats, prior: Floats) -> float:
    """Log-likelihood of the pairs and log-density of the prior."""
    likelihood = -np.logaddexp(0.0, -(differences @ weights)).sum()
    return float(likelihood - 0.5 * (prior * (weights - center) ** 2).sum())
