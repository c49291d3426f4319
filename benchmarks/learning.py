"""Steps a second of tabular Q-learning, beside the loop that tutorials write and rlax.

The loop calls Gymnasium's `step` and keeps its table in NumPy; rlax (with --work, in an environment
made there) has environment and learner compiled by JAX, as one learner and as 256 at a time. All
use α 0.1, ε 0.1, γ 0.99. CPU time on one core, medians of five windows, compilation done before;
with two threads, which live through two runs at a time, wall time.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np

from benchmarks.common import markdown_table, pin
from benchmarks.peers.environments import RLAX, ensure
from latimer.rl.mdp.outcome_table import OutcomeTable
from latimer.rl.tabular import learn
from latimer.rl.tabular.table import Table

ENVIRONMENTS = {"CliffWalking-v1": 200_000, "FrozenLake8x8-v1": 200_000}
WINDOWS = 5


LEARNERS = {1: 500_000, 256: 20_000}
"""Of rlax, at a time, and the steps of each."""
CLOCKS = {1: time.process_time, 2: time.perf_counter}
"""By threads."""


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, metavar="FOLDER", help="where rlax is installed")
    flags = parser.parse_args()
    cores = os.sched_getaffinity(0)
    core = pin(None)
    rows = []
    for name, episodes in ENVIRONMENTS.items():
        env = gymnasium.make(name)
        rates = {
            "loop": rate(lambda env=env: gymnasium_loop(env, 50_000)),  # type: ignore[misc]
            "Latimer": learning_rate(env, episodes, 1),
        }
        os.sched_setaffinity(0, cores)
        rates["Latimer, 2 threads"] = learning_rate(env, episodes, 2)
        os.sched_setaffinity(0, {core})
        for learners, steps in LEARNERS.items() if flags.work else ():
            key = f"rlax, {learners} at a time"
            rates[key] = rlax_rate(ensure(RLAX, flags.work), env, learners, steps)
        rows += [[name, way, f"{found / 1e6:.2f}"] for way, found in rates.items()]
    print(markdown_table(["environment", "", "M steps/s"], rows))


def learning_rate(env: gymnasium.Env[Any, Any], episodes: int, threads: int) -> float:
    """Steps a second of as many runs as there are threads."""
    return rate(
        lambda: learn(env, episodes=episodes, alpha=0.1, runs=threads, threads=threads).steps,
        CLOCKS[threads],
    )


def rlax_rate(python: Path, env: Any, learners: int, steps: int) -> float:
    """Steps a CPU second of so many learners at a time, all together."""
    inner = env.unwrapped
    table = Table.of(OutcomeTable.parse(inner.P, inner.initial_state_distrib))
    script = Path(__file__).with_name("peers") / "rlax_learner.py"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "table.npz"
        np.savez(file, **table._asdict())
        words = [python, script, file, learners, steps, WINDOWS]
        done = subprocess.run([*map(str, words)], capture_output=True, text=True, check=True)
    return statistics.median(json.loads(done.stdout))


def rate(run: Callable[[], int], clock: Callable[[], float] = time.process_time) -> float:
    """Steps a second, `run` returning its steps; the first call is not counted."""
    run()
    rates = []
    for _ in range(WINDOWS):
        began = clock()
        steps = run()
        rates.append(steps / (clock() - began))
    return statistics.median(rates)


def gymnasium_loop(env: gymnasium.Env[Any, Any], steps: int) -> int:
    """Q-learning as tutorials have it."""
    rng = np.random.default_rng(1)
    states, actions = env.observation_space.n, env.action_space.n  # type: ignore[attr-defined]
    q = np.zeros((states, actions))
    state, _ = env.reset(seed=1)
    for _ in range(steps):
        action = int(rng.integers(actions)) if rng.random() < 0.1 else int(q[state].argmax())
        after, reward, ended, cut, _ = env.step(action)
        aim = reward if ended else reward + 0.99 * q[after].max()
        q[state, action] += 0.1 * (aim - q[state, action])
        state = env.reset()[0] if ended or cut else after
    return steps


if __name__ == "__main__":
    main()
