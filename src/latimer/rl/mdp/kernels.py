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

from latimer.compiled import compiled
from latimer.rl.mdp.arrays import Floats, Ints


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

    A state leaves its chosen row only for one that is better by more than `margin`. A row's terms
    are added up in two sums by turns, so that one addition need not wait for another.
    """
    low, high, switches = np.inf, -np.inf, 0
    for state in range(len(values)):
        held = chosen[state]
        best, best_row, kept = -np.inf, held, -np.inf
        for row in range(row_start[state], row_start[state + 1]):
            entry, end = indptr[row], indptr[row + 1]
            even, odd = 0.0, 0.0
            while entry + 1 < end:
                even += probability[entry] * values[successor[entry]]
                odd += probability[entry + 1] * values[successor[entry + 1]]
                entry += 2
            if entry < end:
                even += probability[entry] * values[successor[entry]]
            q = reward[row] + discount * (even + odd)
            if row == held:
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
def copying_sweep(
    row_start: Ints,
    indptr: Ints,
    successor: Ints,
    probability: Floats,
    reward: Floats,
    discount: float,
    values: Floats,
    updated: Floats,
    chosen: Ints,
    slot: Ints,
    width: Ints,
    to: Ints,
    share: Floats,
    gain: Floats,
) -> tuple[float, float]:
    """As `bellman_sweep`, and copies each row newly chosen while it is at hand.

    `to` and `share` have it from slot[state] on; `width` and `gain` are its entries and reward.
    """
    low, high = np.inf, -np.inf
    for state in range(len(values)):
        held = chosen[state]
        best, best_row = -np.inf, held
        for row in range(row_start[state], row_start[state + 1]):
            entry, end = indptr[row], indptr[row + 1]
            even, odd = 0.0, 0.0
            while entry + 1 < end:
                even += probability[entry] * values[successor[entry]]
                odd += probability[entry + 1] * values[successor[entry + 1]]
                entry += 2
            if entry < end:
                even += probability[entry] * values[successor[entry]]
            q = reward[row] + discount * (even + odd)
            if q > best or (q == best and row == held):
                best, best_row = q, row
        updated[state] = best
        low = min(low, best - values[state])
        high = max(high, best - values[state])
        if best_row != held:
            begin, entries = indptr[best_row], indptr[best_row + 1] - indptr[best_row]
            chosen[state], width[state], gain[state] = best_row, entries, reward[best_row]
            for entry in range(entries):
                to[slot[state] + entry] = successor[begin + entry]
                share[slot[state] + entry] = probability[begin + entry]
    return low, high


@compiled
def policy_sweep(
    slot: Ints,
    width: Ints,
    successor: Ints,
    probability: Floats,
    reward: Floats,
    discount: float,
    values: Floats,
    updated: Floats,
) -> None:
    """Write T_π v to `updated`, for the entries slot[s] .. slot[s] + width[s] - 1 of each state."""
    for state in range(len(values)):
        entry = slot[state]
        end = entry + width[state]
        even, odd = 0.0, 0.0
        while entry + 1 < end:
            even += probability[entry] * values[successor[entry]]
            odd += probability[entry + 1] * values[successor[entry + 1]]
            entry += 2
        if entry < end:
            even += probability[entry] * values[successor[entry]]
        updated[state] = reward[state] + discount * (even + odd)


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
