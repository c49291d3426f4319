"""Planners on a random process of 100,000 states and a grid of a million cells.

Times are CPU seconds of one solve with compiling already done; what that costs has its own line.
Bounds are certified and have to be within the accuracy. Every problem and method runs in a process
of its own, whose peak memory, the problem included, stands beside it.
"""

from __future__ import annotations

import multiprocessing
import resource
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit
from scipy import sparse

from benchmarks.common import markdown_table, parser, pin, report
from latimer.rl import FiniteMDP, Solution, gauss_seidel, modified_policy_iteration, value_iteration
from latimer.rl.compare import compile_kernels
from latimer.rl.implicit import ImplicitMDP, solve_implicit

ACCURACY = 1e-6
DISCOUNT = 0.99
SIDE = 1000


def random_process(states: int, actions: int, successors: int) -> FiniteMDP:
    """Uniform successors, Dirichlet probabilities, uniform rewards of state and action."""
    rng = np.random.default_rng(0)
    rows = states * actions
    share = rng.exponential(size=(rows, successors))
    share /= share.sum(axis=1, keepdims=True)
    target = rng.integers(states, size=(rows, successors))
    start = np.arange(0, rows * successors + 1, successors)
    matrix = sparse.csr_array((share.ravel(), target.ravel(), start), shape=(rows, states))
    pairs = np.arange(rows)
    return FiniteMDP(
        pairs // actions, pairs % actions, matrix, np.zeros(rows), rng.random(rows), DISCOUNT
    )


@njit
def slippery(state: int, action: int, outcome: int) -> tuple[float, int, float]:
    """A square with slip 0.2 whose last cell ends the episode and pays 1."""
    row = state // SIDE
    column = state - row * SIDE
    direction = (action + (0, 1, 3)[outcome]) % 4
    free = (row > 0, column < SIDE - 1, row < SIDE - 1, column > 0)
    target = state + (-SIDE, 1, SIDE, -1)[direction] * free[direction]
    goal = target == SIDE * SIDE - 1
    return (0.8, 0.1, 0.1)[outcome], -1 if goal else target, 1.0 if goal else 0.0


def explicit_grid() -> FiniteMDP:
    """The same square as a table."""
    pairs = np.arange(SIDE * SIDE * 4)
    state, action = pairs // 4, pairs % 4
    targets, shares, ends = [], [], np.zeros(len(pairs))
    for turn, probability in ((0, 0.8), (1, 0.1), (3, 0.1)):
        direction = (action + turn) % 4
        row = np.clip(state // SIDE + np.array([-1, 0, 1, 0])[direction], 0, SIDE - 1)
        column = np.clip(state % SIDE + np.array([0, 1, 0, -1])[direction], 0, SIDE - 1)
        target = row * SIDE + column
        goal = target == SIDE * SIDE - 1
        ends += probability * goal
        targets.append(target)
        shares.append(np.where(goal, 0.0, probability))
    start = np.arange(0, len(pairs) * 3 + 1, 3)
    entries = (np.stack(shares, 1).ravel(), np.stack(targets, 1).ravel(), start)
    matrix = sparse.csr_array(entries, shape=(len(pairs), SIDE * SIDE))
    return FiniteMDP(state, action, matrix, ends, ends.copy(), DISCOUNT)


def solver(problem: str, method: str) -> Callable[[], Solution]:
    """The solve of one line of the table, with its problem made and its kernels compiled."""
    if method == "function":
        implicit = ImplicitMDP(SIDE * SIDE, 4, 3, slippery, DISCOUNT)
        solve_implicit(implicit, max_iterations=3)
        return lambda: solve_implicit(implicit, accuracy=ACCURACY)
    compile_kernels(method)
    mdp = explicit_grid() if problem == "grid" else random_process(100_000, 10, 10)
    _ = mdp.table
    planner = TABLE_PLANNERS[method]
    return lambda: planner(mdp, accuracy=ACCURACY)


TABLE_PLANNERS: dict[str, Callable[..., Solution]] = {
    "value-iteration": value_iteration,
    "modified-policy-iteration": modified_policy_iteration,
    "gauss-seidel": gauss_seidel,
}
LINES = {
    ("random", "modified-policy-iteration"): "random 1e5 x 10 x 10, modified policy iteration",
    ("random", "value-iteration"): "random 1e5 x 10 x 10, value iteration",
    ("grid", "gauss-seidel"): "grid 1000 x 1000, Gauss-Seidel, table",
    ("grid", "function"): "grid 1000 x 1000, Gauss-Seidel, compiled function",
}


def measure(problem: str, method: str, core: int | None, runs: int) -> dict[str, Any]:
    """CPU seconds of each of some solves, and what they were like."""
    pin(core)
    started = time.process_time()
    solve = solver(problem, method)
    prepared = time.process_time() - started
    seconds = []
    for _ in range(runs):
        started = time.process_time()
        found = solve()
        seconds.append(time.process_time() - started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "cpu_seconds": seconds,
        "iterations": found.iterations,
        "bound": found.bound,
        "preparing_seconds": prepared,
        "peak_megabytes": peak,
    }


def main() -> None:
    """Measure and report."""
    arguments = parser(__doc__, "planning", data=False)
    arguments.add_argument("--runs", type=int, default=3, help="(%(default)s)")
    flags = arguments.parse_args()
    figures, rows = {}, []
    for (problem, method), title in LINES.items():
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            found = pool.apply(measure, (problem, method, flags.core, flags.runs))
        figures[title] = found
        rows.append(
            [
                title,
                round(statistics.median(found["cpu_seconds"]), 3),
                found["iterations"],
                f"{found['bound']:.1e}",
                round(found["preparing_seconds"], 1),
                round(found["peak_megabytes"]),
            ]
        )
    head = ["problem, method", "CPU s", "iterations", "bound", "preparing s", "peak MB"]
    report("Planning", [markdown_table(head, rows)], figures, flags.json)


if __name__ == "__main__":
    main()
