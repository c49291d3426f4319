"""Resampled and shuffled test sets, and the p-values that follow from them.

Both tests are those of sacreBLEU (Post 2018), draw by draw: with the same seed they choose the same
sentences, so that a p-value is the one that `sacrebleu.significance` gives.

Paired bootstrap resampling (Koehn 2004, "Statistical significance tests for machine translation
evaluation") draws sentences with replacement. Paired approximate randomisation (Riezler & Maxwell
2005, "On some pitfalls in automatic evaluation and significance testing for MT") exchanges the
outputs of two systems at random, sentence by sentence.

A metric needs of a sample only the sums of what it counts in each sentence. All systems and metrics
are therefore the columns of one matrix of counts, and each draw is one row of a product with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BLOCK = 2_000_000
"""Sentences drawn at once, over all draws of a block: 16 MB."""

_WORD = 32
"""Truth values that numpy takes from one random number: blocks of a multiple change no draw."""

_ROUNDING = 1e-9
"""Scores of equal counts may differ by so much."""


def resampled_sums(counts: Floats, samples: int, seed: int) -> Floats:
    """Sums of the columns over sentences drawn with replacement, `[samples, columns]`.

    `counts` is `[sentences, columns]`; every sample has as many sentences.
    """
    sentences = len(counts)
    random = np.random.default_rng(seed)
    sums = np.empty((samples, counts.shape[1]))
    for rows in _blocks(samples, sentences):
        size = rows.stop - rows.start
        drawn = random.integers(sentences, size=(size, sentences))
        drawn += sentences * np.arange(size)[:, None]
        # The number of times each sentence was drawn; a product with it sums the counts.
        times = np.bincount(drawn.ravel(), minlength=size * sentences)
        sums[rows] = times.reshape(size, sentences).astype(np.float64) @ counts
    return sums


def shuffled_sums(counts: Floats, trials: int, seed: int) -> Floats:
    """Sums of the columns over a random half of the sentences, `[trials, columns]`.

    `counts` is `[sentences, columns]`. A trial exchanges the outputs of two systems in the other
    sentences: the sums of the one are its own of the half and the other's of the rest.
    """
    sentences = len(counts)
    random = np.random.default_rng(seed)
    sums = np.empty((trials, counts.shape[1]))
    for rows in _blocks(trials, sentences):
        size = rows.stop - rows.start
        chosen = random.integers(2, size=(size, sentences), dtype=np.bool_)
        sums[rows] = chosen.astype(np.float64) @ counts
    return sums


def _blocks(rows: int, sentences: int) -> Iterator[slice]:
    """Slices of `rows`, each with about BLOCK sentences in all."""
    step = _WORD * max(1, BLOCK // (_WORD * sentences))
    for begin in range(0, rows, step):
        yield slice(begin, min(begin + step, rows))


def interval(scores: Floats) -> tuple[float, float]:
    """The bounds of the 95 % bootstrap interval, from the scores `[samples]` of the samples.

    These are the order statistics that sacreBLEU takes; it prints half of their distance.
    """
    ordered = np.sort(scores)
    outside = len(ordered) // 40
    return float(ordered[outside]), float(ordered[-outside - 1])


def bootstrap_p(differences: Floats, observed: float) -> float:
    """The p-value of `observed`, given the differences `[samples]` of resampled test sets.

    As sacreBLEU and Moses define it: the share of samples whose absolute difference exceeds the
    mean of the absolute differences by more than the observed one.
    """
    distances = np.abs(differences)
    return _share(distances - distances.mean(), observed)


def randomisation_p(differences: Floats, observed: float) -> float:
    """The two-sided p-value of `observed`, given the differences `[trials]` of shuffled systems.

    As sacreBLEU defines it: the share of trials with a greater absolute difference.
    """
    return _share(np.abs(differences), observed)


def _share(distances: Floats, observed: float) -> float:
    """The share of distances beyond the observed one, with one added to both counts."""
    beyond = int((distances > abs(observed) + _ROUNDING).sum())
    return (beyond + 1) / (len(distances) + 1)


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values corrected for being so many, in the same order (Holm 1979).

    The smallest of m is multiplied by m, the next by m − 1, and so on; none is smaller than one
    before it, and none exceeds 1. A corrected p < 0.05 keeps the chance of any false difference
    among all below 5 %.
    """
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    corrected = [0.0] * len(p_values)
    least = 0.0
    for rank, place in enumerate(order):
        least = max(least, min(1.0, p_values[place] * (len(p_values) - rank)))
        corrected[place] = least
    return corrected
