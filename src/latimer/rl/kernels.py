"""The sweeps of dynamic programming over a sparse table, compiled by Numba.

Every kernel reads a table as `FiniteMDP.table` gives it:

    row_start     int64   [states + 1]   the rows (state-action pairs) of state s are
                                         row_start[s] .. row_start[s + 1] - 1
    indptr        int64   [rows + 1]     the entries of row i are indptr[i] .. indptr[i + 1] - 1
    successor     uint32  [entries]
    probability   float64 [entries]      of moving there and going on
    reward        float64 [rows]         expected reward
    discount      float64

Successors are unsigned, or Numba would test each for being counted from the end. Values are float64
[states]; `chosen` is int64 [states], the row each state takes.
"""

from __future__ import annotations

import numpy as np

from latimer.rl.arrays import Floats, Ints
from latimer.rl.compiled import compiled


@compiled
def look_ahead(
    row: int,
    indptr: Ints,
    successor: Ints,
    probability: Floats,
    reward: Floats,
    discount: float,
    values: Floats,
) -> float:
    """The look-ahead value q = r + discount · Σ p(s') v(s') of one row."""
    expected = 0.0
    for entry in range(indptr[row], indptr[row + 1]):
        expected += probability[entry] * values[successor[entry]]
    return reward[row] + discount * expected


@compiled
def bellman_sweep(
    row_start: Ints,
    indptr: Ints,
    successor: Ints,
    probability: Floats,
    reward: Floats,
    discount: float,
    values: Floats,
    updated: Floats,
    chosen: Ints,
    margin: float,
) -> tuple[float, float, int]:
    """Write T v to `updated`; return the least and greatest of T v - v and the switches made.

    A state leaves its chosen row only for one that is better by more than `margin`.
    """
    low, high, switches = np.inf, -np.inf, 0
    for state in range(len(values)):
        best, best_row, kept = -np.inf, chosen[state], -np.inf
        for row in range(row_start[state], row_start[state + 1]):
            q = look_ahead(row, indptr, successor, probability, reward, discount, values)
            if row == chosen[state]:
                kept = q
            if q > best:
                best, best_row = q, row
        if best > kept + margin:
            chosen[state] = best_row
            switches += 1
        updated[state] = best
        low = min(low, best - values[state])
        high = max(high, best - values[state])
    return low, high, switches


@compiled
def gauss_seidel_sweep(
    row_start: Ints,
    indptr: Ints,
    successor: Ints,
    probability: Floats,
    reward: Floats,
    discount: float,
    values: Floats,
    chosen: Ints,
    backwards: bool,
) -> tuple[float, float]:
    """Update `values` in place, state by state; return the least and greatest change.

    The share of a row that stays in its state is solved for exactly:
    v = (r + γ Σ' p v) / (1 - γ p).
    A row that only stays, undiscounted, has no such solution and is passed over.
    """
    low, high = np.inf, -np.inf
    states = len(values)
    for turn in range(states):
        state = states - 1 - turn if backwards else turn
        best, best_row = -np.inf, chosen[state]
        for row in range(row_start[state], row_start[state + 1]):
            expected, stays = 0.0, 0.0
            for entry in range(indptr[row], indptr[row + 1]):
                if successor[entry] == state:
                    stays += probability[entry]
                else:
                    expected += probability[entry] * values[successor[entry]]
            if discount * stays >= 1.0:
                continue
            q = reward[row] + discount * expected
            if stays > 0.0:
                q /= 1.0 - discount * stays
            if q > best:
                best, best_row = q, row
        if best > -np.inf:
            low = min(low, best - values[state])
            high = max(high, best - values[state])
            values[state], chosen[state] = best, best_row
    return low, high


@compiled
def copy_rows(
    indptr: Ints, successor: Ints, probability: Floats, chosen: Ints
) -> tuple[Ints, Ints, Floats]:
    """The chosen rows as a compact table of their own: (indptr, successor, probability)."""
    states = len(chosen)
    start = np.zeros(states + 1, np.int64)
    for state in range(states):
        row = chosen[state]
        start[state + 1] = start[state] + indptr[row + 1] - indptr[row]
    to = np.empty(start[states], np.uint32)
    share = np.empty(start[states], np.float64)
    for state in range(states):
        offset = indptr[chosen[state]] - start[state]
        for entry in range(start[state], start[state + 1]):
            to[entry] = successor[entry + offset]
            share[entry] = probability[entry + offset]
    return start, to, share


@compiled
def policy_sweep(
    indptr: Ints,
    successor: Ints,
    probability: Floats,
    reward: Floats,
    discount: float,
    values: Floats,
    updated: Floats,
) -> tuple[float, float]:
    """Write T_π v to `updated` for a table of one row a state; least and greatest change."""
    low, high = np.inf, -np.inf
    for state in range(len(values)):
        q = look_ahead(state, indptr, successor, probability, reward, discount, values)
        updated[state] = q
        low = min(low, q - values[state])
        high = max(high, q - values[state])
    return low, high


@compiled
def attract(
    row_start: Ints,
    indptr: Ints,
    successor: Ints,
    ends: Floats,
    allowed: Ints,
    chosen: Ints,
) -> int:
    """Choose for each state an allowed row that can lead to the end; return how many lack one.

    `ends` [rows]: probability that the row ends the episode; `allowed` [rows]: 0 or 1;
    `chosen` is filled, with -1 where no allowed row can ever lead to the end.
    """
    states = len(chosen)
    chosen[:] = -1
    missing, backwards = states, False
    while True:
        before = missing
        for turn in range(states):
            state = states - 1 - turn if backwards else turn
            if chosen[state] >= 0:
                continue
            for row in range(row_start[state], row_start[state + 1]):
                leads = ends[row] > 0.0
                for entry in range(indptr[row], indptr[row + 1]):
                    leads = leads or chosen[successor[entry]] >= 0
                if leads and allowed[row]:
                    chosen[state] = row
                    missing -= 1
                    break
        backwards = not backwards
        if missing == 0 or (missing == before and not backwards):
            return missing
