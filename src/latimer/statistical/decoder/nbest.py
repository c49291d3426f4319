"""The n best ways through a lattice, exactly, and their features.

A search backwards from the end: the best score of any beginning is known from the search forwards,
so that the ways come out best first (A*, with an estimate that is exact).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from latimer.compiled import compiled
from latimer.statistical.arrays import Floats, Longs, Singles
from latimer.statistical.decoder.features import (
    DISTORTION,
    FEATURES,
    LANGUAGE,
    ORIENTATION,
    PHRASES,
    TRANSLATION,
    UNKNOWN,
    WORDS,
)
from latimer.statistical.decoder.heap import grown, new_heap, pop, push
from latimer.statistical.decoder.options import Options
from latimer.statistical.decoder.search import Lattice, orientation

_FEATURES = len(FEATURES)


class Ways(NamedTuple):
    """Ways through a lattice, best first.

    scores `[ways]`; options: those of way k, in the order of the translation, are
    options[offsets[k]:offsets[k + 1]]; features `[ways, features]`.
    """

    scores: Floats
    options: Longs
    offsets: Longs
    features: Floats


@compiled
def best_ways(
    count: int, lattice: Lattice, options: Options, scores: Singles,
    orientations: Singles,
) -> Ways:  # fmt: skip
    """The `count` best, fewer where there are no more.

    scores `[options of the table, 4]` and orientations `[…, 6]`: see `Offers`.
    """
    final = lattice.stacks[len(lattice.stacks) - 2]
    capacity, used = 4 * count + 64, 0
    arcs, parents = np.empty(capacity, np.int64), np.empty(capacity, np.int64)
    behind = np.empty(capacity)  # what follows the beginning of the arc
    heap = new_heap(capacity)
    ends = np.empty(count, np.int64)
    found = 0
    arc = np.int64(lattice.arc[final])
    while arc >= 0:
        if used == capacity:
            capacity *= 2
            arcs, parents, behind = _longer(arcs), _longer(parents), _longer(behind)
            heap = grown(heap)
        origin = lattice.origin[arc]
        arcs[used], parents[used] = arc, -1
        behind[used] = lattice.total[arc] - lattice.score[origin]
        push(heap, lattice.total[arc], used)
        used += 1
        arc = np.int64(lattice.further[arc])
    while heap.size[0] and found < count:
        _, one = pop(heap)
        node = lattice.origin[arcs[one]]
        if node == 0:
            ends[found] = one
            found += 1
            continue
        arc = np.int64(lattice.arc[node])
        while arc >= 0:
            if used == capacity:
                capacity *= 2
                arcs, parents, behind = _longer(arcs), _longer(parents), _longer(behind)
                heap = grown(heap)
            origin = lattice.origin[arc]
            arcs[used], parents[used] = arc, one
            behind[used] = behind[one] + lattice.total[arc] - lattice.score[origin]
            push(heap, lattice.total[arc] + behind[one], used)
            used += 1
            arc = np.int64(lattice.further[arc])
    return _written(ends[:found], arcs, parents, behind, lattice, options, scores, orientations)


@compiled
def _longer(array: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    more = np.empty(2 * len(array), array.dtype)
    for place in range(len(array)):
        more[place] = array[place]
    return more


@compiled
def _written(
    ends: Longs, arcs: Longs, parents: Longs, behind: Floats, lattice: Lattice, options: Options,
    scores: Singles, orientations: Singles,
) -> Ways:  # fmt: skip
    offsets = np.zeros(len(ends) + 1, np.int64)
    for number in range(len(ends)):
        steps, one = 0, ends[number]
        while one >= 0:
            steps, one = steps + 1, parents[one]
        offsets[number + 1] = offsets[number] + steps
    chosen = np.empty(offsets[-1], np.int64)
    totals = np.empty(len(ends))
    features = np.zeros((len(ends), _FEATURES))
    for number in range(len(ends)):
        one, place = ends[number], offsets[number]
        totals[number] = behind[one]
        while one >= 0:
            arc = arcs[one]
            chosen[place] = lattice.option[arc]
            features[number, LANGUAGE] += lattice.language[arc]
            one, place = parents[one], place + 1
        _add_features(
            number, offsets[number], offsets[number + 1], features, chosen, options, scores,
            orientations,
        )  # fmt: skip
    return Ways(totals, chosen, offsets, features)


@compiled
def _add_features(
    way: int, low: int, high: int, features: Floats, chosen: Longs, options: Options,
    scores: Singles, orientations: Singles,
) -> None:  # fmt: skip
    """All features of a way, whose options are chosen[low:high], but the language model's."""
    start, end, last = np.int64(0), np.int64(0), np.int64(-1)
    for place in range(low, high):
        option = chosen[place]
        row = options.row[option]
        span = _span_of(option, options.first)
        next_start, next_end = options.start[span], options.end[span]
        follows = orientation(start, end, next_start, next_end)
        features[way, PHRASES] -= 1
        features[way, WORDS] += options.words[option]
        features[way, DISTORTION] -= abs(next_start - end)
        if row == -2:
            features[way, UNKNOWN] -= 1
        if row >= 0:
            for score in range(4):
                features[way, TRANSLATION + score] += scores[row, score]
            features[way, ORIENTATION + follows] += orientations[row, follows]
        if last >= 0:
            features[way, ORIENTATION + 3 + follows] += orientations[last, 3 + follows]
        start, end, last = next_start, next_end, row


@compiled
def _span_of(option: int, first: Longs) -> int:
    """The span whose options include this one."""
    low, high = 0, len(first) - 1
    while high - low > 1:
        middle = (low + high) // 2
        if first[middle] <= option:
            low = middle
        else:
            high = middle
    return low
