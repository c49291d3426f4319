"""Train an agent with networks in a Gymnasium environment."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from latimer.errors import InputError
from latimer.files import write_folder_atomically
from latimer.rl.deep import actor_critic, dqn, dynamics
from latimer.rl.deep.overrides import overridden
from latimer.rl.deep.vector_env import Worlds
from latimer.tensors import weights_of, write_tensors


class Learner(Protocol):
    """What `train` needs of an algorithm."""

    @property
    def modules(self) -> dict[str, nn.Module]:
        """The networks, by name."""

    def act(self, observations: Tensor) -> Tensor:
        """What it would do now, `[copies, …]`, without exploring."""

    def learn(self, worlds: Worlds, left: float) -> None:
        """Live some steps and learn; `left` is the share of all steps still to come, 1 to 0."""


A2C = actor_critic.Settings(entropy=0.01)
PPO = actor_critic.Settings(
    horizon=32, discount=0.98, decay=0.9, actor_rate=1.5e-3, critic_rate=3e-3, clip=0.2, epochs=20,
    minibatches=2, normalise=True, anneal=True,
)  # fmt: skip

ALGORITHMS: dict[str, tuple[Callable[..., Learner], Any]] = {
    "a2c": (actor_critic.ActorCritic, A2C),
    "ppo": (actor_critic.ActorCritic, PPO),
    "dqn": (dqn.DQN, dqn.Settings()),
    "dynamics": (dynamics.Dynamics, dynamics.Settings()),
}
"""Name to the learner and its default settings, a frozen dataclass each."""

WINDOW = 100
"""`solved_at` looks at the mean of so many episodes."""


@dataclass(frozen=True, eq=False)
class Trained:
    """What was learned, and how it went.

    returns [episodes] and the steps lived when each ended, ends [episodes], of all copies together;
    cpu_seconds are those of the process.
    """

    algorithm: str
    environment: str
    learner: Learner
    settings: Any
    returns: NDArray[np.float64]
    ends: NDArray[np.int64]
    steps: int
    cpu_seconds: float

    def solved_at(self, threshold: float) -> int | None:
        """The step at which the mean of the last 100 episodes first reached a threshold."""
        if len(self.returns) < WINDOW:
            return None
        means = np.convolve(self.returns, np.full(WINDOW, 1 / WINDOW), "valid")
        reached = np.flatnonzero(means >= threshold)
        return int(self.ends[reached[0] + WINDOW - 1]) if len(reached) else None

    def save(self, folder: Path) -> None:
        """Weights as safetensors and facts as JSON; nothing in it is executed when it is read."""
        facts = {
            "algorithm": self.algorithm,
            "environment": self.environment,
            "settings": asdict(self.settings),
            "steps": self.steps,
            "returns": self.returns.tolist(),
            "ends": self.ends.tolist(),
        }

        def fill(temporary: Path) -> None:
            text = json.dumps(facts, indent=1) + "\n"
            (temporary / "learned.json").write_text(text, encoding="utf-8")
            for name, module in self.learner.modules.items():
                write_tensors(temporary / f"{name}.safetensors", weights_of(module))

        write_folder_atomically(folder, fill)


def train(
    environment: str,
    algorithm: str = "ppo",
    *,
    steps: int,
    seed: int = 0,
    device: str = "cpu",
    overrides: Mapping[str, Any] | None = None,
    environment_settings: Mapping[str, Any] | None = None,
    until: float | None = None,
    progress: Callable[[int, float | None], None] | None = None,
) -> Trained:
    """Learn for `steps` steps of all copies of a Gymnasium environment together.

    overrides: fields of the algorithm's settings; until: end when the mean return of the last 100
    episodes reaches it; progress: called with the steps so far and the mean return of the last
    episodes. The same seed gives the same result on the same machine and number of threads.
    InputError names what cannot be.
    """
    make, settings = _chosen(algorithm, overrides or {})
    if steps < 1:
        raise InputError(f"steps is {steps}; it must be at least 1")
    started = time.process_time()
    place = torch.device(device)
    generator = torch.Generator(place).manual_seed(seed)
    worlds = Worlds(environment, settings.copies, seed, environment_settings or {})
    try:
        learner = make(worlds, settings, generator, place)
        while worlds.steps < steps:
            learner.learn(worlds, 1 - worlds.steps / steps)
            recent = [value for _, value in worlds.returns[-WINDOW:]]
            mean = sum(recent) / len(recent) if recent else None
            if progress is not None:
                progress(worlds.steps, mean)
            if until is not None and len(recent) == WINDOW and mean is not None and mean >= until:
                break
    finally:
        worlds.close()
    ends, returns = zip(*worlds.returns, strict=True) if worlds.returns else ((), ())
    return Trained(
        algorithm, environment, learner, settings, np.array(returns, float),
        np.array(ends, np.int64), worlds.steps, time.process_time() - started,
    )  # fmt: skip


def _chosen(algorithm: str, overrides: Mapping[str, Any]) -> tuple[Callable[..., Learner], Any]:
    if algorithm not in ALGORITHMS:
        raise InputError(f"algorithm {algorithm!r}; valid choices: {', '.join(ALGORITHMS)}")
    make, settings = ALGORITHMS[algorithm]
    return make, overridden(algorithm, settings, overrides)
