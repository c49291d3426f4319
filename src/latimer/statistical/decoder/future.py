"""Future costs: the best estimate for the part of a source that is not translated yet."""

from __future__ import annotations

import numpy as np

from latimer.compiled import compiled
from latimer.statistical.arrays import Floats
from latimer.statistical.decoder.options import Options


@compiled
def future_scores(length: int, options: Options) -> Floats:
    """The best estimated score of every span, cut as is best, `[length + 1, length + 1]`."""
    best = np.empty((length + 1, length + 1))
    for start in range(length + 1):
        for end in range(length + 1):
            best[start, end] = -np.inf
    for span in range(len(options.start)):
        estimate = options.estimate[options.first[span]]
        start, end = options.start[span], options.end[span]
        best[start, end] = max(best[start, end], estimate)
    for size in range(2, length + 1):
        for start in range(length - size + 1):
            end = start + size
            for cut in range(start + 1, end):
                best[start, end] = max(best[start, end], best[start, cut] + best[cut, end])
    return best


@compiled
def future_of(covered: int, length: int, best: Floats) -> float:
    """The sum over the gaps of a coverage, in which bit k stands for source word k."""
    total, place = 0.0, 0
    while place < length:
        if (covered >> place) & 1:
            place += 1
            continue
        end = place
        while end < length and not (covered >> end) & 1:
            end += 1
        total += best[place, end]
        place = end
    return total
