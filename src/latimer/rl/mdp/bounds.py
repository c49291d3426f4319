"""Certified bounds on the values from what one sweep changed (MacQueen 1966; Porteus 1971).

With d = T v - v, low = min d, high = max d and h = 1 / (1 - γ), the fixed point v* of T obeys

    T v + low · (h - 1)  <=  v*  <=  T v + high · (h - 1).

Where transitions end the episode, a row's probabilities sum to less than 1 and a constant added to
v comes back smaller: the inequalities then hold for min(low, 0) and max(high, 0). The same is true
of a Gauss-Seidel sweep G in the place of T, which is monotone and has the same fixed point.
Undiscounted, h is the greatest expected number of steps.
"""

from __future__ import annotations

import numpy as np

from latimer.rl.mdp.arrays import Floats


def macqueen(
    updated: Floats, low: float, high: float, horizon: float, stochastic: bool
) -> tuple[Floats, Floats]:
    """Lower and upper bounds [states] on v* after a sweep that wrote `updated` [states].

    low, high: least and greatest change of the sweep; horizon: h above; stochastic: whether no
    transition ends the episode *and* the sweep was a simultaneous (Jacobi) one.
    """
    if not stochastic:
        low, high = min(low, 0.0), max(high, 0.0)
    return updated + low * (horizon - 1.0), updated + high * (horizon - 1.0)


def rounding(values: Floats, reward: Floats) -> float:
    """A difference of look-ahead values that may be rounding and nothing else."""
    scale = float(np.abs(values).max(initial=0.0) + np.abs(reward).max(initial=0.0))
    return 32.0 * float(np.finfo(float).eps) * scale
