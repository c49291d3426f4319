"""Exact line search of corpus BLEU over a pool of candidates (Och 2003).

Along weights + x · direction every candidate's score is a straight line in x, so the best candidate
of a sentence changes only where the upper envelope of its lines has a corner. BLEU is constant
between the corners of all sentences: one number for each interval, and the best is found exactly.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from latimer.compiled import compiled
from latimer.statistical.tuning.bleu import COLUMNS, Counts, Floats, Offsets, bleu_of_sums

NARROW = 1e-6
"""Share of the searched range; a narrower interval between two corners is never chosen."""


class Corners(NamedTuple):
    """Where best candidates change between two ends of a line, in no order of x.

    places: `[corners]` float64, values of x; before, after: `[corners]` int64, the candidates
    (rows of the pool) that are best on the two sides; first: `[sentences]` int64, the best
    candidates at the lower end.
    """

    places: Floats
    before: Offsets
    after: Offsets
    first: Offsets


class Step(NamedTuple):
    """The best point of a line: x, and the pool's BLEU there."""

    x: float
    bleu: float


def search(
    scores: Floats, slopes: Floats, counts: Counts, offsets: Offsets, low: float, high: float
) -> Step:
    """The middle of the best interval of x in [low, high], and its BLEU.

    scores, slopes: `[candidates]` float64, score at x = 0 and its growth with x; low ≤ 0 ≤ high.
    Returns x = 0 unless some interval is better than the one that holds 0.
    """
    found = corners(scores, slopes, offsets, low, high)
    order = np.argsort(found.places, kind="stable")
    return Step(*_best_interval(*found, order, counts, low, high))


@compiled
def corners(scores: Floats, slopes: Floats, offsets: Offsets, low: float, high: float) -> Corners:
    """The corners of all sentences' upper envelopes between `low` and `high`."""
    size, found = 1024, 0
    places = np.empty(size, np.float64)
    before, after = np.empty(size, np.int64), np.empty(size, np.int64)
    first = np.empty(len(offsets) - 1, np.int64)
    for k in range(len(first)):
        begin, end = offsets[k], offsets[k + 1]
        best, last = _ends(scores, slopes, begin, end, low, high)
        first[k] = best
        place = low
        while slopes[best] < slopes[last]:
            place, following = _next_corner(scores, slopes, begin, end, best, last, place)
            if found == size:
                size *= 2
                places = _longer(places, size)
                before, after = _longer(before, size), _longer(after, size)
            places[found], before[found], after[found] = place, best, following
            found += 1
            best = following
    return Corners(places[:found], before[:found], after[:found], first)


@compiled
def _ends(
    scores: Floats, slopes: Floats, begin: int, end: int, low: float, high: float
) -> tuple[int, int]:
    """The best candidates just right of `low` and just left of `high`.

    Where one is best at both ends it is best between them, and the sentence has no corner.
    """
    best = last = begin
    at_low, at_high = scores[begin] + low * slopes[begin], scores[begin] + high * slopes[begin]
    for row in range(begin + 1, end):
        value = scores[row] + low * slopes[row]
        if value > at_low or (value == at_low and slopes[row] > slopes[best]):
            best, at_low = row, value
        value = scores[row] + high * slopes[row]
        if value > at_high or (value == at_high and slopes[row] < slopes[last]):
            last, at_high = row, value
    return best, last


@compiled
def _next_corner(
    scores: Floats, slopes: Floats, begin: int, end: int, best: int, last: int, place: float
) -> tuple[float, int]:
    """Where a steeper line first crosses that of `best`, and that line: the steepest of several.

    Only lines no steeper than the one that is best at the upper end can follow.
    """
    score, slope, steepest = scores[best], slopes[best], slopes[last]
    following = last
    nearest = (score - scores[last]) / (steepest - slope)
    for row in range(begin, end):
        rise = slopes[row] - slope
        if rise <= 0 or slopes[row] > steepest:
            continue
        fall = score - scores[row]
        if fall > nearest * rise:
            continue
        crossing = fall / rise
        if crossing < nearest or (crossing == nearest and slopes[row] > slopes[following]):
            nearest, following = crossing, row
    return max(nearest, place), following


@compiled
def _longer(values: NDArray[np.generic], size: int) -> NDArray[np.generic]:
    longer = np.empty(size, values.dtype)
    longer[: len(values)] = values
    return longer


@compiled
def _best_interval(
    places: Floats,
    before: Offsets,
    after: Offsets,
    first: Offsets,
    order: Offsets,
    counts: Counts,
    low: float,
    high: float,
) -> tuple[float, float]:
    """Sum the statistics from interval to interval; see `search`."""
    sums = np.zeros(COLUMNS)
    for row in first:
        for column in range(COLUMNS):
            sums[column] += counts[row, column]
    left, narrow = low, NARROW * (high - low)
    best_x, best, at_zero = 0.0, -1.0, -1.0
    for number in range(len(order) + 1):
        right = places[order[number]] if number < len(order) else high
        wide = right - left > narrow
        if wide or (left <= 0 <= right and at_zero < 0):
            bleu = bleu_of_sums(sums)
            if left <= 0 <= right and (at_zero < 0 or wide):
                at_zero = bleu
            if wide and bleu > best:
                best_x, best = 0.5 * (left + right), bleu
        if number < len(order):
            for column in range(COLUMNS):
                row = order[number]
                sums[column] += counts[after[row], column] - counts[before[row], column]
            left = right
    return (best_x, best) if best > at_zero else (0.0, at_zero)
