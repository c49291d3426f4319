"""Value iteration (Bellman 1957; Sutton & Barto 2018, section 4.4) in two orders of updating.

- Jacobi: v ← T v, all states at once. The span of the changes bounds the error (see `bounds`), so
  a process that mixes well is solved in a few sweeps however near 1 the discount.
- Gauss-Seidel: every state sees its neighbours' newest values; the direction alternates, so that
  news travels either way in one sweep, and the share of staying put is solved for exactly.

The third order, by priority, is in `prioritised`.
"""

from __future__ import annotations

import numpy as np

from latimer.rl.mdp.arrays import Floats
from latimer.rl.mdp.finite_mdp import FiniteMDP
from latimer.rl.mdp.kernels import bellman_sweep, gauss_seidel_sweep
from latimer.rl.mdp.solution import Solution
from latimer.rl.planning.stopping import Stopping


def value_iteration(
    mdp: FiniteMDP,
    *,
    accuracy: float = 1e-6,
    max_iterations: int = 1_000_000,
    initial: Floats | None = None,
) -> Solution:
    """Jacobi value iteration from `initial` [states] (zeros).

    The values are within `accuracy` of V* in every state. A limit reached is reported by a
    ConvergenceWarning and `converged=False`. InputError where the discount is 1 and the values
    are not finite.
    """
    stop = Stopping(mdp, accuracy, max_iterations, simultaneous=True)
    values, updated = _start(mdp, initial), np.empty(mdp.states)
    chosen = mdp.first_rows()
    iteration, converged = 0, False
    while not (converged or stop.exhausted) and iteration < max_iterations:
        iteration += 1
        low, high, _ = bellman_sweep(*mdp.table, values, updated, chosen, 0.0)
        values, updated = updated, values
        converged = stop.reached(low, high, values)
    backups = iteration * mdp.rows
    return stop.solution("value iteration", values, chosen, iteration, backups, converged)


def gauss_seidel(
    mdp: FiniteMDP,
    *,
    accuracy: float = 1e-6,
    max_iterations: int = 1_000_000,
    initial: Floats | None = None,
) -> Solution:
    """Gauss-Seidel value iteration, forwards and backwards by turns; as `value_iteration`."""
    stop = Stopping(mdp, accuracy, max_iterations, simultaneous=False)
    values, chosen = _start(mdp, initial), mdp.first_rows()
    iteration, converged = 0, False
    while not (converged or stop.exhausted) and iteration < max_iterations:
        backwards = iteration % 2 == 1
        iteration += 1
        low, high = gauss_seidel_sweep(*mdp.table, values, chosen, backwards)
        converged = stop.reached(low, high, values)
    backups = iteration * mdp.rows
    return stop.solution("Gauss-Seidel", values, chosen, iteration, backups, converged)


def _start(mdp: FiniteMDP, initial: Floats | None) -> Floats:
    return np.zeros(mdp.states) if initial is None else np.array(initial, dtype=float)
