"""Smoothed phrase probabilities p(t | s) (Foster, Kuhn & Johnson 2006).

Kneser-Ney: (c(s, t) - D(c(s, t))) / c(s) + α(s) · N(t) / N, with N(t) the number of distinct
sources of t, N that of all pairs, α(s) the mass that the discounts D took from s, and D(1), D(2),
D(3+) estimated from n_r, the number of pairs that occur r times: Y = n_1 / (n_1 + 2 n_2),
D(r) = r - (r + 1) Y n_{r+1} / n_r. Good-Turing: c*(s, t) / c(s) with c* = (r + 1) n_{r+1} / n_r
for r up to 5; what is left belongs to pairs that were not seen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from latimer.statistical.arrays import Floats, Longs

LARGEST = 5
"""Counts above this are reliable, to Good-Turing."""


def discounts(counts: Longs) -> Floats:
    """D(0), D(1), D(2), D(3+) of modified Kneser-Ney; 1/2 each where counts are too few."""
    times = np.bincount(np.minimum(counts, 5), minlength=6)[:5].astype(float)
    if times[1:].min(initial=np.inf) <= 0:
        return np.array([0.0, 0.5, 0.5, 0.5])
    ratio = times[1] / (times[1] + 2 * times[2])
    found = [0.0] + [r - (r + 1) * ratio * times[r + 1] / times[r] for r in (1, 2, 3)]
    return np.clip(found, 0, [0, 0.95, 1.95, 2.95])


def kneser_ney(counts: Longs, totals: Longs, given: Longs, kinds: Longs) -> Floats:
    """p(t | s) of each pair; `given` numbers the s, kinds: N(t)."""
    discount = discounts(counts)[np.minimum(counts, 3)]
    mass = np.bincount(given, discount)[given] / totals
    return (counts - discount) / totals + mass * kinds / max(len(counts), 1)


def good_turing(counts: Longs, totals: Longs, given: Longs, kinds: Longs) -> Floats:
    """p(t | s) of each pair."""
    times = np.bincount(np.minimum(counts, LARGEST + 2), minlength=LARGEST + 3).astype(float)
    adjusted = np.arange(LARGEST + 2, dtype=float)
    for r in range(1, LARGEST + 1):
        if times[r] and times[r + 1]:
            adjusted[r] = min((r + 1) * times[r + 1] / times[r], r)
    adjusted = np.maximum.accumulate(adjusted)
    small = counts <= LARGEST
    return np.where(small, adjusted[np.minimum(counts, LARGEST)], counts) / totals


def relative(counts: Longs, totals: Longs, given: Longs, kinds: Longs) -> Floats:
    """c(s, t) / c(s) of each pair."""
    return counts / totals


METHODS: Final[dict[str, Callable[[Longs, Longs, Longs, Longs], Floats]]] = {
    "kneser-ney": kneser_ney,
    "good-turing": good_turing,
    "none": relative,
}
