"""Learning with networks: CartPole-v1 solved, steps a second, and the curves of every algorithm.

One core, CPU seconds of the process. Solved: the mean return of the last 100 training episodes is
at least 475; the episodes that show it take some 48,000 steps by themselves. With --work,
stable-baselines3 runs beside Latimer, in an environment made there: PPO with the settings of its
zoo (8 copies, 32 steps, batches of 256, 20 epochs, learning rate 1e-3 and clip 0.2 falling to 0, γ
0.98, λ 0.8), and A2C as it comes, with 8 copies.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.common import markdown_table, parser, pin, report
from benchmarks.peers.environments import STABLE_BASELINES, ensure
from latimer.plots.figure import new_figure, save_figure
from latimer.plots.training import fill_training

SOLVED = 475.0
CURVES: dict[str, dict[str, tuple[str, int, dict[str, Any]]]] = {
    "CartPole-v1": {
        "ppo": ("ppo", 60_000, {}),
        "a2c": ("a2c", 60_000, {}),
        "dqn": ("dqn", 60_000, {}),
        "dynamics": ("dynamics", 2_000, {}),
    },
    "Pendulum-v1": {
        "ppo": (
            "ppo",
            60_000,
            {
                "discount": 0.9, "reward_scale": 0.1, "horizon": 128, "minibatches": 8,
                "epochs": 10, "actor_learning_rate": 1e-3,
            },
        ),
        "dynamics": ("dynamics", 3_000, {}),
    },
}  # fmt: skip
"""Algorithm, steps and settings of every curve, by environment and name."""


def one(job: tuple[str, str, int, dict[str, Any], int, float | None, int]) -> dict[str, Any]:
    """A run, in a process of its own."""
    environment, algorithm, steps, settings, seed, until, core = job
    pin(core)
    from latimer.rl.deep import train

    found = train(environment, algorithm, steps=steps, seed=seed, settings=settings, until=until)
    return {
        "steps": found.steps, "cpu_seconds": found.cpu_seconds, "solved": found.solved_at(SOLVED),
        "ends": found.ends.tolist(), "returns": found.returns.tolist(),
    }  # fmt: skip


def solving(seeds: int, core: int) -> tuple[list[list[object]], list[dict[str, Any]]]:
    """PPO until CartPole is solved."""
    with get_context("spawn").Pool(1) as pool:
        runs = [
            pool.apply(one, (("CartPole-v1", "ppo", 60_000, {}, seed, SOLVED, core),))
            for seed in range(seeds)
        ]
    rows: list[list[object]] = [
        ["Latimer PPO", seed, run["solved"] or "not", f"{run['cpu_seconds']:.1f}"]
        for seed, run in enumerate(runs)
    ]
    return rows, runs


def throughput(core: int) -> float:
    """Steps a CPU second of A2C with 8 copies of CartPole, the median of three runs."""
    with get_context("spawn").Pool(1) as pool:
        runs = [
            pool.apply(one, (("CartPole-v1", "a2c", 200_000, {}, seed, None, core),))
            for seed in range(3)
        ]
    return statistics.median(run["steps"] / run["cpu_seconds"] for run in runs)


def curves(seeds: int, core: int, folder: Path) -> dict[str, Any]:
    """Every algorithm's curve, drawn into `folder`, a picture an environment."""
    figures: dict[str, Any] = {}
    for environment, named in CURVES.items():
        figure = new_figure(8, 3.2)
        every = figure.subplots(1, 2, sharey=True)
        panels = {60_000: every[0], 0: every[1]}
        found: dict[int, dict[str, Any]] = {60_000: {}, 0: {}}
        longest = {60_000: 60_000, 0: 0}
        for name, (algorithm, steps, settings) in named.items():
            with get_context("spawn").Pool(1) as pool:
                jobs = [
                    (environment, algorithm, steps, settings, s, None, core) for s in range(seeds)
                ]
                runs = [pool.apply(one, (job,)) for job in jobs]
            print(f"{environment}, {name}: done", file=sys.stderr)
            figures[f"{environment}, {name}"] = runs
            key = 60_000 if steps == 60_000 else 0
            longest[key] = max(longest[key], steps)
            found[key][name] = [(_array(run["ends"]), _array(run["returns"])) for run in runs]
        for key, axes in panels.items():
            fill_training(axes, found[key], environment, longest[key])
        save_figure(figure, folder / f"{environment.partition('-')[0].lower()}-curves.png")
    return figures


def _array(values: list[float]) -> Any:
    import numpy as np

    return np.asarray(values)


def peers(work: Path, seeds: int, core: int) -> tuple[list[list[object]], float]:
    """stable-baselines3: lines of PPO, and steps a CPU second of A2C."""
    python = ensure(STABLE_BASELINES, work)
    script = Path(__file__).parent / "peers" / "stable_baselines.py"
    rows: list[list[object]] = []
    for seed in range(seeds):
        found = _peer(python, script, core, "ppo", seed)
        seconds = f"{found['cpu_seconds']:.1f}"
        rows.append(["stable-baselines3 PPO", seed, found["solved"] or "not", seconds])
    speed = _peer(python, script, core, "a2c", 0)
    return rows, speed["steps"] / speed["cpu_seconds"]


def _peer(python: Path, script: Path, core: int, algorithm: str, seed: int) -> dict[str, Any]:
    command = ["taskset", "-c", str(core), str(python), str(script), algorithm, str(seed)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise RuntimeError(f"{algorithm}: {result.stderr[-1000:]}")
    found: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return found


def parse_flags() -> argparse.Namespace:
    """The command line."""
    arguments = parser(__doc__, "deep_learning", data=False)
    arguments.add_argument("--seeds", type=int, default=5, help="(%(default)s)")
    arguments.add_argument("--work", type=Path, help="folder of the peer; without it none is run")
    arguments.add_argument("--pictures", type=Path, help="folder of the curves, else not drawn")
    return arguments.parse_args()


def main() -> None:
    """Measure and report."""
    flags = parse_flags()
    core = pin(flags.core)
    rows, runs = solving(flags.seeds, core)
    speeds: list[list[object]] = [["Latimer A2C, 8 copies", f"{throughput(core):,.0f}"]]
    if flags.work:
        lines, speed = peers(flags.work, flags.seeds, core)
        rows += lines
        speeds.append(["stable-baselines3 A2C, 8 copies", f"{speed:,.0f}"])
    solved = [run["solved"] or float("inf") for run in runs]
    seconds = statistics.median(run["cpu_seconds"] for run in runs)
    facts = (
        f"Latimer PPO, median of {len(runs)} seeds: solved after {statistics.median(solved):,.0f} "
    )
    facts += f"steps and {seconds:.1f} CPU seconds"
    figures: dict[str, Any] = {"solving": runs, "speeds": speeds}
    if flags.pictures:
        figures["curves"] = curves(flags.seeds, core, flags.pictures)
    tables = [
        markdown_table(["CartPole-v1", "seed", "solved at step", "CPU s"], rows), facts,
        markdown_table(["", "steps / CPU s"], speeds),
    ]  # fmt: skip
    report("Learning with networks", tables, figures, flags.json)


if __name__ == "__main__":
    main()
