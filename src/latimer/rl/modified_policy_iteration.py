"""Modified policy iteration (Puterman & Shin 1978).

Each improvement is one greedy sweep over all rows, followed by a few cheap sweeps over the rows of
the greedy policy alone, which are copied out so that they lie together in memory.
"""

from __future__ import annotations

import numpy as np

from latimer.errors import InputError
from latimer.rl.arrays import Floats, Ints
from latimer.rl.kernels import bellman_sweep, copy_rows, policy_sweep
from latimer.rl.mdp import FiniteMDP
from latimer.rl.solution import Solution
from latimer.rl.stopping import Stopping
from latimer.rl.undiscounted import ending_policy


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
    values, updated, chosen = np.zeros(mdp.states), np.empty(mdp.states), mdp.first_rows()
    if stop.undiscounted:
        # From the values of a policy that ends, improvement is monotone; from 0 it need not be.
        chosen = ending_policy(mdp)
        values = mdp.under_rows(chosen).value()
    backups, iteration = 0, 0
    while True:
        iteration += 1
        low, high, _ = bellman_sweep(*mdp.table, values, updated, chosen, 0.0)
        values, updated = updated, values
        backups += mdp.rows
        done = stop.reached(low, high, values)
        if done or stop.exhausted or iteration == max_iterations:
            break  # the bounds belong to what this sweep wrote
        values, updated = _evaluate(mdp, chosen, values, updated, sweeps)
        backups += sweeps * mdp.states
    name = "modified policy iteration"
    return stop.solution(name, values, chosen, iteration, backups, done)


def _evaluate(
    mdp: FiniteMDP, chosen: Ints, values: Floats, updated: Floats, sweeps: int
) -> tuple[Floats, Floats]:
    """`sweeps` times v ← T_π v; returns the newest values and a spare array."""
    _, indptr, successor, probability, reward, discount = mdp.table
    rows = copy_rows(indptr, successor, probability, chosen)
    gains = reward[chosen]
    for _ in range(sweeps):
        policy_sweep(*rows, gains, discount, values, updated)
        values, updated = updated, values
    return values, updated
