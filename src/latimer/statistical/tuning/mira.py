"""Batch MIRA: margins between good and bad candidates (Cherry & Foster 2012, figure 3)."""

from __future__ import annotations

import numpy as np

from latimer.compiled import compiled
from latimer.statistical.tuning.bleu import (
    COLUMNS,
    Counts,
    Floats,
    Offsets,
    bleu_of_sums,
    corpus_bleu,
)
from latimer.statistical.tuning.features import FeatureWeights
from latimer.statistical.tuning.pool import Features, NBestPool
from latimer.statistical.tuning.settings import TuningSettings

EPOCHS = 30
"""Passes over all sentences."""

MOST = 0.01
"""The largest step, C: the smaller, the nearer the weights stay to where they start."""

DECAY = 0.999
"""What a sentence leaves of the statistics of those before it."""


def mira(
    pool: NBestPool,
    start: Floats,
    features: FeatureWeights,
    settings: TuningSettings,
    random: np.random.Generator,
) -> Floats:
    """Weights averaged over all updates, after the pass whose average has the best BLEU.

    A sentence's loss is BLEU of its candidate together with the sentences before it, times their
    length. Bounds are kept after each update, those of `features.box` included.
    """
    box = features.box(start, settings.trust)
    weights, total, steps = box.clipped(start), np.zeros(len(start)), 0
    history = pool.best(weights).sum(0).astype(np.float64)
    best, best_bleu = weights, -1.0
    for _ in range(EPOCHS):
        order = random.permutation(pool.sentences)
        _pass(pool.features, pool.counts, pool.offsets, order, *box, weights, total, history)
        steps += len(order)
        mean = total / steps
        bleu = corpus_bleu(pool.best(mean).sum(0))
        if bleu > best_bleu:
            best, best_bleu = mean, bleu
    return box.clipped(best)


@compiled
def _pass(
    features: Features,
    counts: Counts,
    offsets: Offsets,
    order: Offsets,
    low: Floats,
    high: Floats,
    weights: Floats,
    total: Floats,
    history: Floats,
) -> None:
    """One update for each sentence; changes `weights`, their running sum and `history`."""
    sums = np.empty(COLUMNS)
    difference = np.empty(len(weights))
    for k in order:
        begin, end = offsets[k], offsets[k + 1]
        hope = fear = begin
        hope_score = fear_score = -np.inf
        hope_model = fear_model = hope_bleu = fear_bleu = 0.0
        for row in range(begin, end):
            model = 0.0
            for column in range(len(weights)):
                model += features[row, column] * weights[column]
            for column in range(COLUMNS):
                sums[column] = history[column] + counts[row, column]
            bleu = 0.01 * bleu_of_sums(sums) * sums[1]
            if model + bleu > hope_score:
                hope, hope_score, hope_model, hope_bleu = row, model + bleu, model, bleu
            if model - bleu > fear_score:
                fear, fear_score, fear_model, fear_bleu = row, model - bleu, model, bleu
        loss = (hope_bleu - fear_bleu) - (hope_model - fear_model)
        norm = 0.0
        for column in range(len(weights)):
            difference[column] = features[hope, column] - features[fear, column]
            if high[column] > low[column]:
                norm += difference[column] ** 2
        step = min(MOST, loss / norm) if loss > 0 and norm > 0 else 0.0
        for column in range(len(weights)):
            moved = weights[column] + step * difference[column]
            weights[column] = min(max(moved, low[column]), high[column])
            total[column] += weights[column]
        for column in range(COLUMNS):
            history[column] = DECAY * history[column] + counts[hope, column]
