"""Value iteration in order of priority (Moore & Atkeson 1993; Sutton & Barto 2018, section 8.4).

The state whose value is most wrong comes first. When v(s) moves by d, the Bellman error of a
predecessor p moves by at most γ · max_a p(s | p, a) · |d|; adding these up keeps, for every state,
an upper bound on its Bellman error. When all are below a threshold, one sweep proves the result.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush

import numpy as np
from scipy import sparse

from latimer.compiled import compiled
from latimer.rl.mdp.arrays import Floats, Ints
from latimer.rl.mdp.bounds import rounding
from latimer.rl.mdp.finite_mdp import FiniteMDP
from latimer.rl.mdp.kernels import bellman_sweep, look_ahead
from latimer.rl.mdp.solution import Solution
from latimer.rl.planning.stopping import Stopping


def prioritised_sweeping(
    mdp: FiniteMDP,
    *,
    accuracy: float = 1e-6,
    max_iterations: int = 1_000_000,
    initial: Floats | None = None,
) -> Solution:
    """Prioritised value iteration; the guarantees are those of `value_iteration`.

    `iterations` counts sweeps' worth of updates: updates of single states / number of states.
    """
    stop = Stopping(mdp, accuracy, max_iterations, simultaneous=True)
    values = np.zeros(mdp.states) if initial is None else np.array(initial, dtype=float)
    updated, chosen = np.empty(mdp.states), mdp.first_rows()
    before = predecessors(mdp)
    threshold = accuracy if stop.undiscounted else accuracy * (1 - mdp.discount)
    updates, looks, limit = 0, 0, max_iterations * mdp.states
    while True:
        low, high, _ = bellman_sweep(*mdp.table, values, updated, chosen, 0.0)
        looks += mdp.rows
        updates += mdp.states
        if (converged := stop.reached(low, high, updated)) or stop.exhausted or updates >= limit:
            break
        priority = np.abs(updated - values)
        threshold = max(threshold, rounding(values, mdp.reward) / 16)
        table = (*mdp.table, *before)
        spent, seen = update_by_priority(*table, values, priority, threshold, limit - updates)
        updates, looks, threshold = updates + spent, looks + seen, threshold / 2
    iterations = -(-updates // mdp.states)
    return stop.solution("prioritised sweeping", updated, chosen, iterations, looks, converged)


def predecessors(mdp: FiniteMDP) -> tuple[Ints, Ints, Floats]:
    """For each state the states that can lead to it, and γ · the greatest probability of it.

    (indptr [states + 1], predecessor [pairs], weight [pairs])
    """
    matrix = mdp.continuation
    source = mdp.state[np.repeat(np.arange(mdp.rows), np.diff(matrix.indptr))]
    order = np.lexsort((source, matrix.indices))
    source, target, share = source[order], matrix.indices[order], matrix.data[order]
    if not len(order):
        return np.zeros(mdp.states + 1, np.int64), source, share
    fresh = np.ones(len(order), bool)
    fresh[1:] = (source[1:] != source[:-1]) | (target[1:] != target[:-1])
    first = np.flatnonzero(fresh)
    weight = mdp.discount * np.maximum.reduceat(share, first)
    pairs = sparse.csr_array(
        (weight, (target[first], source[first])), shape=(mdp.states, mdp.states)
    )
    return pairs.indptr.astype(np.int64), pairs.indices.astype(np.int64), pairs.data


@compiled
def update_by_priority(
    row_start: Ints,
    indptr: Ints,
    successor: Ints,
    probability: Floats,
    reward: Floats,
    discount: float,
    before_start: Ints,
    before: Ints,
    weight: Floats,
    values: Floats,
    priority: Floats,
    threshold: float,
    limit: int,
) -> tuple[int, int]:
    """Update `values` in place until no priority [states] is above the threshold.

    Returns the number of states updated, at most `limit`, and of rows looked ahead from.
    """
    heap = [(-priority[s], s) for s in range(len(values))]
    heapify(heap)
    updates, looks = 0, 0
    while len(heap) > 0 and updates < limit:
        urgency, state = heappop(heap)
        if -urgency != priority[state]:
            continue  # a newer entry of the same state is, or was, in the heap
        if priority[state] <= threshold:
            break
        best = -np.inf
        for row in range(row_start[state], row_start[state + 1]):
            q = look_ahead(row, indptr, successor, probability, reward, discount, values)
            best = max(best, q)
        change = abs(best - values[state])
        values[state] = best
        priority[state] = 0.0
        updates += 1
        looks += row_start[state + 1] - row_start[state]
        if change == 0.0:
            continue
        for at in range(before_start[state], before_start[state + 1]):
            priority[before[at]] += weight[at] * change
            if priority[before[at]] > threshold:
                heappush(heap, (-priority[before[at]], before[at]))
    return updates, looks
