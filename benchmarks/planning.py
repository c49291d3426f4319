"""Planners on a random process of 100,000 states and a grid of a million cells, beside peers.

Times are CPU seconds of one solve with compiling already done; preparing is compiling and bringing
the problem into the planner's form. The error is the true one, the greatest distance to values
certified to 1e-9. Every problem and method runs in a process of its own, whose peak memory, the
problem included, stands beside it. QuantEcon and MDPSolver run with --work, in an environment made
there.

The limit of the memory: bytes that the sweeps must read and write (the table in an improvement,
a row a state in an evaluation), divided by the bandwidth of a copy-and-add of long vectors measured
in the same run, as a share of the time taken. Tables that fit the cache may beat it.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit
from scipy import sparse

from benchmarks.common import best_seconds, markdown_table, parser, pin, report
from benchmarks.peers.environments import PLANNERS, ensure
from benchmarks.peers.planners import peak_megabytes
from latimer.rl import FiniteMDP, Solution, gauss_seidel, modified_policy_iteration, value_iteration
from latimer.rl.planning.compare import compile_kernels
from latimer.rl.planning.implicit import ImplicitMDP, solve_implicit

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
    ("random", "modified-policy-iteration"): "modified policy iteration",
    ("random", "value-iteration"): "value iteration",
    ("grid", "gauss-seidel"): "Gauss-Seidel, table",
    ("grid", "function"): "Gauss-Seidel, compiled function",
}
PEERS = {
    ("random", "quantecon:modified_policy_iteration"): "QuantEcon modified policy iteration (k=5)",
    ("random", "mdpsolver:mpi"): "MDPSolver modified policy iteration (5)",
    ("random", "mdpsolver:vi"): "MDPSolver value iteration",
    ("grid", "quantecon:value_iteration"): "QuantEcon value iteration",
}
ONCE = ("quantecon:value_iteration", "mdpsolver:mpi", "mdpsolver:vi")
"""The first is slow; MDPSolver starts a second solve where the first ended."""
PROBLEMS = {"random": "random 1e5 × 10 × 10", "grid": "grid 1000 × 1000"}


def measure(problem: str, method: str, core: int | None, runs: int, truth: str) -> dict[str, Any]:
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
    return {
        "cpu_seconds": seconds,
        "iterations": found.iterations,
        "bound": found.bound,
        "error": float(np.abs(found.values - np.load(truth)).max()),
        "bytes": bytes_touched(problem, method, found),
        "preparing_seconds": prepared,
        "peak_megabytes": peak_megabytes(),
    }


def bytes_touched(problem: str, method: str, found: Solution) -> float:
    """What all sweeps of a solution read and write at the least."""
    states = len(found.values)
    actions, entries = (10, 10) if problem == "random" else (4, 3)
    vectors = 3 * 8 * states  # values read, values written, the chosen row
    if method == "function":
        evaluations = found.backups / states - found.iterations * actions
        return (found.iterations + evaluations) * vectors
    row = entries * (8 + 4) + 8 + 8  # probabilities and successors, where they begin, a reward
    evaluations = found.backups / states - found.iterations * actions
    return states * row * (found.iterations * actions + evaluations) + vectors * (
        found.iterations + evaluations
    )


def bandwidth() -> float:
    """Bytes a second of a = b + s · c on vectors far larger than the cache (STREAM's triad)."""
    b, c = np.ones((2, 2**25))
    a = np.empty_like(b)

    @njit(fastmath=True)
    def triad(a: Any, b: Any, c: Any) -> None:
        for i in range(len(a)):
            a[i] = b[i] + 3.0 * c[i]

    return 3 * 8 * len(a) / best_seconds(lambda: triad(a, b, c), 1.0)


def write_problem(problem: str, folder: Path) -> tuple[Path, Path]:
    """The problem for peers and its values within 1e-9, each made when it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    file, truth = folder / f"{problem}.npz", folder / f"{problem}-values.npy"
    if not truth.exists():
        mdp = explicit_grid() if problem == "grid" else random_process(100_000, 10, 10)
        matrix = mdp.continuation
        np.savez(
            file, data=matrix.data, indices=matrix.indices, indptr=matrix.indptr,
            reward=mdp.reward, discount=DISCOUNT, actions=mdp.rows // mdp.states,
        )  # fmt: skip
        planner = gauss_seidel if problem == "grid" else modified_policy_iteration
        np.save(truth, planner(mdp, accuracy=1e-9).values)
    return file, truth


def measure_peer(
    method: str, python: Path, core: int, runs: int, file: Path, truth: Path
) -> dict[str, Any]:
    """As `measure`, in the peer's environment."""
    values = file.with_suffix(".peer.npy")
    script = Path(__file__).parent / "peers" / "planners.py"
    command = ["taskset", "-c", str(core), str(python), str(script), method]
    command += [str(file), str(values), str(0 if method in ONCE else runs)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise RuntimeError(f"{method}: {result.stderr[-1000:]}")
    figures: dict[str, Any] = json.loads(result.stdout)
    figures["error"] = float(np.abs(np.load(values) - np.load(truth)).max())
    return figures


def row(problem: str, title: str, found: dict[str, Any], speed: float) -> list[object]:
    """One line of the table."""
    seconds = statistics.median(found["cpu_seconds"])
    sweeps = found.get("iterations", "")
    limit = f"{found['bytes'] / speed / seconds:.0%}" if "bytes" in found else ""
    return [
        PROBLEMS[problem], title, f"{seconds:.3g}", sweeps, f"{found['error']:.0e}", limit,
        f"{found['preparing_seconds']:.1f}", round(found["peak_megabytes"]),
    ]  # fmt: skip


def parse_flags() -> argparse.Namespace:
    """The command line."""
    arguments = parser(__doc__, "planning", data=False)
    arguments.add_argument("--runs", type=int, default=5, help="(%(default)s)")
    arguments.add_argument("--work", type=Path, help="folder of the peers; without it none is run")
    return arguments.parse_args()


def main() -> None:
    """Measure and report."""
    flags = parse_flags()
    core = pin(flags.core)
    folder = flags.work or Path("build/benchmarks/planning")
    problems = {name: write_problem(name, folder) for name in PROBLEMS}
    speed, figures, rows = bandwidth(), {}, []
    for (problem, method), title in LINES.items():
        given = (problem, method, core, flags.runs, str(problems[problem][1]))
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            figures[title] = pool.apply(measure, given)
        rows.append(row(problem, title, figures[title], speed))
    if flags.work:
        python = ensure(PLANNERS, flags.work)
        for (problem, method), title in PEERS.items():
            figures[title] = measure_peer(method, python, core, flags.runs, *problems[problem])
            rows.append(row(problem, title, figures[title], speed))
    head = ["problem", "planner", "CPU s", "improvements", "error", "of the memory's limit"]
    head += ["preparing s", "peak MB"]
    facts = f"bandwidth {speed / 1e9:.1f} GB/s; sweeps by the contraction alone, from values 0: "
    facts += f"{np.log(ACCURACY * (1 - DISCOUNT) / DISCOUNT) / np.log(DISCOUNT):,.0f}"
    report("Planning", [markdown_table(head, rows), facts], figures, flags.json)


if __name__ == "__main__":
    main()
