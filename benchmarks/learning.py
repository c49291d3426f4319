"""Steps a second of tabular Q-learning on one core, beside the loop that tutorials write.

The loop calls Gymnasium's `step` and keeps its table in NumPy. Both use α 0.1, ε 0.1, γ 0.99; CPU
time, medians of five windows, compilation done before.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np

from benchmarks.common import markdown_table
from latimer.rl.tabular import learn

ENVIRONMENTS = {"CliffWalking-v1": 200_000, "FrozenLake8x8-v1": 200_000}
WINDOWS = 5


def main() -> None:
    """Measure and print a table."""
    rows = []
    for name, episodes in ENVIRONMENTS.items():
        env = gymnasium.make(name)
        compiled = rate(lambda env=env, n=episodes: learn(env, episodes=n).steps)  # type: ignore[misc]
        loop = rate(lambda env=env: gymnasium_loop(env, 50_000))  # type: ignore[misc]
        rows.append([name, f"{loop / 1e6:.2f}", f"{compiled / 1e6:.1f}", f"{compiled / loop:.0f}×"])
    print(markdown_table(["environment", "loop, M steps/s", "Latimer, M steps/s", "ratio"], rows))


def rate(run: Callable[[], int]) -> float:
    """Steps a CPU second, `run` returning its steps; the first call is not counted."""
    run()
    rates = []
    for _ in range(WINDOWS):
        began = time.process_time()
        steps = run()
        rates.append(steps / (time.process_time() - began))
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
