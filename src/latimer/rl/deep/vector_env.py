"""Several copies of an environment, stepped together."""

from __future__ import annotations

from typing import NamedTuple

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from latimer.errors import InputError
from latimer.rl.deep.spaces import Floats, Spaces
from latimer.rl.environments import Environment

Bools = NDArray[np.bool_]


class VectorStep(NamedTuple):
    """A step of all copies, `[copies]` each, observations `[copies, features]`.

    observation is that of the state the step led to, also where the episode ended in it. Where
    `valid` is False the copy was reset instead, and the rest means nothing.
    """

    observation: Floats
    reward: Floats
    terminated: Bools
    truncated: Bools
    valid: Bools


class VectorEnv:
    """`copies` of an environment; each is reset in the step after its episode ended.

    `spaces` says what becomes of observations. `returns` has (steps of all copies so far, return)
    of every episode that has ended. limit: steps after which an episode is truncated, by default
    the environment's. InputError for an environment that cannot be made or has other observations.
    """

    def __init__(
        self, environment: Environment, copies: int, seed: int, limit: int | None = None
    ) -> None:
        self.vector = _make(environment, copies, limit)
        mode = self.vector.metadata.get("autoreset_mode", AutoresetMode.NEXT_STEP)
        if mode != AutoresetMode.NEXT_STEP:
            raise InputError(
                f"{environment.name}: its vectorised form resets in mode {mode}, not NEXT_STEP"
            )
        self.spaces = Spaces.of(
            self.vector.single_observation_space, self.vector.single_action_space, environment.name
        )
        self.steps = 0
        self.returns: list[tuple[int, float]] = []
        self._totals = np.zeros(copies)
        self._done = np.zeros(copies, bool)
        self.observation = self.spaces.vectors(self.vector.reset(seed=seed)[0])
        self.vector.action_space.seed(seed)

    def step(self, actions: NDArray[np.generic]) -> VectorStep:
        """Let every copy act."""
        observations, reward, terminated, truncated, _ = self.vector.step(actions)
        valid = ~self._done
        self._done = terminated | truncated
        self.steps += int(valid.sum())
        self._totals += np.where(valid, reward, 0.0)
        for copy in np.flatnonzero(self._done):
            self.returns.append((self.steps, float(self._totals[copy])))
            self._totals[copy] = 0.0
        self.observation = self.spaces.vectors(observations)
        reward = reward.astype(np.float32)
        return VectorStep(self.observation, reward, terminated, truncated, valid)

    def close(self) -> None:
        """Let the environments go."""
        self.vector.close()


def _make(environment: Environment, copies: int, limit: int | None) -> gymnasium.vector.VectorEnv:
    """The environment's own vectorised form where it has one, else one copy after another."""
    own = environment.vectorised(copies, limit)
    if own is not None:
        return own
    return gymnasium.vector.SyncVectorEnv([lambda: environment.make(limit)] * copies)
