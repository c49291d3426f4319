"""How far to follow tuned weights: shares chosen on sentences that the weights were not tuned on.

Weights tuned on a few hundred sentences fit them, and may be worse than the default elsewhere. So
the pool's sentences are dealt into folds; for each fold weights are tuned on the others, and
mixtures of default and tuned weights choose candidates in it. The share of tuned weights with the
best BLEU over all folds is that of the final weights. It is 0 where its gain is not significant
by the paired bootstrap (Koehn 2004).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from latimer.metrics.significance import bleu_of_counts
from latimer.statistical.tuning.bleu import COLUMNS, Floats
from latimer.statistical.tuning.features import FeatureWeights
from latimer.statistical.tuning.pool import NBestPool
from latimer.statistical.tuning.settings import TuningSettings
from latimer.statistical.tuning.tuners import TUNERS

FOLDS = 4
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Of the tuned weights in a mixture; the rest is that of the default weights."""

SAMPLES = 500
"""Resamples of the bootstrap."""

LEVEL = 0.1
"""A gain is significant if at most this share of the resamples has none."""


class HeldOut(NamedTuple):
    """BLEU on sentences not tuned on, and what follows.

    bleu: one for each of SHARES; p_value: the share of resamples of the sentences in which the
    best share is no better than the default weights; share: the share to take.
    """

    bleu: tuple[float, ...]
    p_value: float
    share: float


def mixture(features: FeatureWeights, tuned: Floats, share: float) -> Floats:
    """Weights between the default (share 0) and `tuned` (share 1), both normalised."""
    between = (1 - share) * features.default + share * features.normalised(tuned)
    return features.normalised(between) if share else features.default


def held_out(
    pool: NBestPool, start: Floats, features: FeatureWeights, settings: TuningSettings
) -> HeldOut:
    """Tune on all folds but one, each in turn, from `start`, and judge mixtures on that one."""
    random = np.random.default_rng([settings.seed, 1])
    fold = random.permutation(pool.sentences) % FOLDS
    counts = np.empty((len(SHARES), pool.sentences, COLUMNS))
    for number in range(FOLDS):
        inside = np.flatnonzero(fold == number)
        others = pool.of_sentences(np.flatnonzero(fold != number))
        tuned = TUNERS[settings.kind](others, start, features, settings, random)
        for place, share in enumerate(SHARES):
            weights = mixture(features, tuned, share)
            counts[place, inside] = pool.of_sentences(inside).best(weights)
    bleu = bleu_of_counts(counts.sum(1))
    best = int(bleu.argmax())
    p_value = _no_gain(counts[0], counts[best], random) if best else 1.0
    return HeldOut(tuple(bleu.tolist()), p_value, SHARES[best] if p_value <= LEVEL else 0.0)


def _no_gain(first: Floats, second: Floats, random: np.random.Generator) -> float:
    """The share of resamples in which `second` is no better; both `[sentences, 10]`."""
    times = random.multinomial(len(first), np.full(len(first), 1 / len(first)), size=SAMPLES)
    gains = bleu_of_counts(times @ second) - bleu_of_counts(times @ first)
    return float((gains <= 0).mean())
