"""Lexicalised reordering: msd-bidirectional-fe (Koehn et al. 2005).

p(o | s, t) = (σ · p(o) + c(o, s, t)) / (σ + c(s, t)) for the orientations o monotone, swap and
discontinuous, to the previous phrase and to the next, where p(o) is that of all pairs.
"""

from __future__ import annotations

import numpy as np

from latimer.compiled import compiled
from latimer.statistical.arrays import Bytes, Floats, Ints, Longs, Singles
from latimer.statistical.phrases.phrase_counts import PhraseCounts

SIGMA = 0.5


def orientation_logs(orientations: Bytes, counts: PhraseCounts, kept: Longs) -> Singles:
    """Natural logarithms `[kept, 6]`, previous then next; orientations: of each occurrence."""
    together = np.bincount(orientations, minlength=9).reshape(3, 3).astype(float)
    prior = np.concatenate([together.sum(1), together.sum(0)]) / max(len(orientations), 1)
    return _logs(orientations, counts.order, counts.first, kept, np.maximum(prior, 1e-6))


@compiled
def _logs(orientations: Bytes, order: Ints, first: Longs, kept: Longs, prior: Floats) -> Singles:
    """`orientation_logs`; prior: `[6]`."""
    logs = np.empty((len(kept), 6), np.float32)
    times = np.empty(6)
    for n in range(len(kept)):
        begin, end = first[kept[n]], first[kept[n] + 1]
        times[:] = SIGMA * prior
        for at in range(begin, end):
            turn = orientations[order[at]]
            times[turn // 3] += 1
            times[3 + turn % 3] += 1
        for o in range(6):
            logs[n, o] = np.log(times[o] / (SIGMA + end - begin))
    return logs
