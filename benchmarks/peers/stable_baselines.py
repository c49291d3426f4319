"""stable-baselines3 on CartPole-v1; runs inside its environment.

`stable_baselines.py ppo|a2c SEED` prints JSON: the step at which the mean of the last 100 training
episodes first reached 475 (null if it did not within 100,000), steps, and CPU seconds until then.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

SOLVED, EPISODES = 475.0, 100


def main() -> None:
    """Train and print."""
    import torch
    from stable_baselines3 import A2C, PPO  # type: ignore[import-not-found]
    from stable_baselines3.common.callbacks import (  # type: ignore[import-not-found]
        BaseCallback,
    )
    from stable_baselines3.common.env_util import (  # type: ignore[import-not-found]
        make_vec_env,
    )

    torch.set_num_threads(1)
    algorithm, seed = sys.argv[1], int(sys.argv[2])
    started = time.process_time()
    returns: list[float] = []
    solved: list[int] = []

    class Watch(BaseCallback):
        def _on_step(self) -> bool:
            for info in self.locals["infos"]:
                if "episode" in info:
                    returns.append(info["episode"]["r"])
            recent = returns[-EPISODES:]
            if len(recent) == EPISODES and sum(recent) / EPISODES >= SOLVED:
                solved.append(self.num_timesteps)
                return False
            return True

    envs = make_vec_env("CartPole-v1", n_envs=8, seed=seed)
    settings: dict[str, Any] = {"seed": seed, "device": "cpu"}
    if algorithm == "ppo":
        model = PPO(
            "MlpPolicy", envs, n_steps=32, batch_size=256, n_epochs=20, gamma=0.98, gae_lambda=0.8,
            ent_coef=0.0, learning_rate=lambda left: 1e-3 * left,
            clip_range=lambda left: 0.2 * left, **settings,
        )  # fmt: skip
        model.learn(100_000, callback=Watch())
    else:
        model = A2C("MlpPolicy", envs, **settings)
        model.learn(100_000)
    print(
        json.dumps(
            {
                "solved": solved[0] if solved else None,
                "steps": model.num_timesteps,
                "cpu_seconds": time.process_time() - started,
            }
        )
    )


if __name__ == "__main__":
    main()
