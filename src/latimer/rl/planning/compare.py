"""All planners on one problem, side by side."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from latimer.errors import InputError
from latimer.rl.mdp.finite_mdp import FiniteMDP
from latimer.rl.mdp.solution import ConvergenceWarning, Solution
from latimer.rl.planning.modified_policy_iteration import modified_policy_iteration
from latimer.rl.planning.policy_iteration import policy_iteration
from latimer.rl.planning.prioritised import prioritised_sweeping
from latimer.rl.planning.value_iteration import gauss_seidel, value_iteration

PLANNERS: dict[str, Callable[..., Solution]] = {
    "value-iteration": value_iteration,
    "gauss-seidel": gauss_seidel,
    "prioritised": prioritised_sweeping,
    "policy-iteration": policy_iteration,
    "modified-policy-iteration": modified_policy_iteration,
}


@dataclass(frozen=True, eq=False)
class Trial:
    """One planner's solution; seconds of wall clock without compiling; error in any state.

    error: the greatest distance to the best certified of all the solutions compared, or None.
    """

    method: str
    solution: Solution
    seconds: float
    error: float | None = None


def plan(
    mdp: FiniteMDP, method: str, accuracy: float = 1e-6, max_iterations: int | None = None
) -> Trial:
    """Solve by the planner of this name; InputError lists the names there are.

    `solution.converged` says whether the accuracy was reached; nothing is warned.
    """
    if method not in PLANNERS:
        raise InputError(f"method {method!r}; valid choices: {', '.join(PLANNERS)}")
    limit = {} if max_iterations is None else {"max_iterations": max_iterations}
    compile_kernels(method)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        started = time.perf_counter()
        solution = PLANNERS[method](mdp, accuracy=accuracy, **limit)
        seconds = time.perf_counter() - started
    return Trial(method, solution, seconds)


def compare(
    mdp: FiniteMDP, accuracy: float = 1e-6, max_iterations: int | None = None
) -> list[Trial]:
    """The trials of all planners, in the order of `PLANNERS`."""
    trials = [plan(mdp, method, accuracy, max_iterations) for method in PLANNERS]
    best = min(trials, key=lambda trial: trial.solution.bound).solution.values
    return [
        Trial(t.method, t.solution, t.seconds, float(np.abs(t.solution.values - best).max()))
        for t in trials
    ]


def compile_kernels(method: str) -> None:
    """Solve a problem of one state, so that Numba compiles what the planner needs."""
    for discount in (0.5, 1.0):
        table = {0: {0: [(0.5, 0, -1.0, False), (0.5, 0, -1.0, True)]}}
        PLANNERS[method](FiniteMDP.from_table(table, discount), accuracy=0.1)
