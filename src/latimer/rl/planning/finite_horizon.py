"""Backward induction: optimal play for a fixed number of steps (Puterman 1994, section 4.5)."""

from __future__ import annotations

import numpy as np

from latimer.errors import InputError
from latimer.rl.mdp.arrays import Floats
from latimer.rl.mdp.finite_mdp import FiniteMDP
from latimer.rl.mdp.kernels import bellman_sweep
from latimer.rl.mdp.solution import HorizonSolution


def finite_horizon(mdp: FiniteMDP, horizon: int, final: Floats | None = None) -> HorizonSolution:
    """Values and actions with 0, 1, … `horizon` steps to go; exact.

    final [states]: what each state is worth when no steps are left (0). Any discount will do.
    """
    if horizon < 0:
        raise InputError(f"horizon is {horizon}; it must be 0 or more")
    values = np.zeros((horizon + 1, mdp.states))
    if final is not None:
        values[0] = final
    policy = np.full((horizon + 1, mdp.states), -1)
    for to_go in range(1, horizon + 1):
        chosen = mdp.first_rows()
        bellman_sweep(*mdp.table, values[to_go - 1], values[to_go], chosen, 0.0)
        policy[to_go] = mdp.action[chosen]
    return HorizonSolution(values, policy)
