"""Modified policy iteration (Puterman & Shin 1978).

Each improvement is one greedy sweep over all rows, followed by a few cheap sweeps over the rows of
the greedy policy alone, which are copied out so that they lie together in memory.
"""

from __future__ import annotations

import numpy as np

from latimer.errors import InputError
from latimer.rl.mdp.arrays import Floats
from latimer.rl.mdp.finite_mdp import FiniteMDP
from latimer.rl.mdp.solution import Solution
from latimer.rl.planning.policy_rows import PolicyRows
from latimer.rl.planning.stopping import Stopping
from latimer.rl.planning.undiscounted import ending_policy


def modified_policy_iteration(
    mdp: FiniteMDP,
    *,
    accuracy: float = 1e-6,
    sweeps: int = 5,
    max_iterations: int = 1_000_000,
) -> Solution:
    """Optimal values and policy; `sweeps` evaluations of the policy between improvements.

    The guarantees are those of `value_iteration`, which this is with `sweeps=0`.
    """
    if sweeps < 0:
        raise InputError(f"sweeps is {sweeps}; it must be 0 or more")
    stop = Stopping(mdp, accuracy, max_iterations, simultaneous=True)
    values, updated, rows = _start(mdp, stop), np.empty(mdp.states), PolicyRows(mdp)
    backups, iteration = 0, 0
    while True:
        iteration += 1
        low, high = rows.improve(values, updated)
        values, updated = updated, values
        backups += mdp.rows
        converged = stop.reached(low, high, values)
        if converged or stop.exhausted or iteration == max_iterations:
            break  # the bounds belong to what this sweep wrote
        for _ in range(sweeps):
            rows.evaluate(values, updated)
            values, updated = updated, values
        backups += sweeps * mdp.states
    name = "modified policy iteration"
    return stop.solution(name, values, rows.chosen, iteration, backups, converged)


def _start(mdp: FiniteMDP, stop: Stopping) -> Floats:
    """The greatest reward of each state, T 0, which takes no look-ahead.

    Undiscounted, the values of a policy that ends: improvement from there is monotone, and from
    elsewhere need not be.
    """
    if stop.undiscounted:
        return mdp.under_rows(ending_policy(mdp)).value()
    return np.maximum.reduceat(mdp.reward, mdp.first_rows())
