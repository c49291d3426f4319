"""The algorithms with networks, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from latimer.rl.deep.actor_critic import ActorCritic
from latimer.rl.deep.dqn import DQNLearner
from latimer.rl.deep.dynamics import DynamicsLearner
from latimer.rl.deep.vector_env import VectorEnv


class Learner(Protocol):
    """An algorithm with its networks."""

    @property
    def modules(self) -> dict[str, nn.Module]:
        """The networks, by name."""

    def act(self, observations: Tensor) -> Tensor:
        """The greedy or most likely actions `[copies, …]` for vectors `[copies, features]`."""

    def sample(self, observations: Tensor) -> Tensor:
        """Actions of the stochastic policy, as in training."""

    def to_environment(self, actions: Tensor) -> NDArray[np.generic]:
        """Actions as the environment takes them."""

    def learn(self, envs: VectorEnv, remaining: float) -> None:
        """Take some steps and learn; `remaining` is the share of all steps still to come."""


LEARNERS: dict[str, Callable[..., Learner]] = {
    "a2c": ActorCritic,
    "ppo": ActorCritic,
    "dqn": DQNLearner,
    "dynamics": DynamicsLearner,
}
"""Made with (spaces, settings, generator, device); settings are in `latimer.rl.deep.settings`."""


def new_learner(
    algorithm: str, spaces: Any, settings: Any, seed: int, device: str | torch.device
) -> Learner:
    """A learner whose random numbers come from `seed`."""
    place = torch.device(device)
    generator = torch.Generator(place).manual_seed(seed)
    return LEARNERS[algorithm](spaces, settings, generator, place)
