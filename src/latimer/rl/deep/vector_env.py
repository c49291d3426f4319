"""Several copies of a Gymnasium environment at a time, and who of them has just begun anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from latimer.errors import InputError

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]


class Seen(NamedTuple):
    """What a step of all copies showed, `[copies]` each, observations `[copies, features]`.

    observation is that of the state the step led to, also where the episode ended in it. Where
    `live` is False nothing was done: the copy was reset instead, and the rest means nothing.
    """

    observation: Floats
    reward: Floats
    terminated: Bools
    truncated: Bools
    live: Bools


class Worlds:
    """`count` copies of an environment, which begin a new episode in the step after the last.

    Discrete observations become one-hot vectors, others are flattened. `returns` has (steps of
    all copies so far, return) of every episode that has ended. The environment's own vectorised
    form is used where it has one. InputError for an environment that cannot be made, or whose
    observations are neither numbers nor vectors.
    """

    def __init__(self, name: str, count: int, seed: int, settings: Mapping[str, Any]) -> None:
        self.envs = _make(name, count, settings)
        mode = self.envs.metadata.get("autoreset_mode", AutoresetMode.NEXT_STEP)
        if mode != AutoresetMode.NEXT_STEP:
            raise InputError(f"{name}: its vectorised form resets in mode {mode}, not NEXT_STEP")
        self.count = count
        self.actions = self.envs.single_action_space
        space = self.envs.single_observation_space
        if isinstance(space, gymnasium.spaces.Discrete):
            self.features, self._first, self._flat = int(space.n), int(space.start), False
        elif isinstance(space, gymnasium.spaces.Box):
            self.features, self._flat = int(np.prod(space.shape)), True
        else:
            raise InputError(f"{name}: observations {space}; Box or Discrete expected")
        self.steps = 0
        self.returns: list[tuple[int, float]] = []
        self._totals = np.zeros(count)
        self._over = np.zeros(count, bool)
        self.observation = self._vectors(self.envs.reset(seed=seed)[0])
        self.envs.action_space.seed(seed)

    def step(self, actions: NDArray[np.generic]) -> Seen:
        """Let every copy act."""
        found, reward, terminated, truncated, _ = self.envs.step(actions)
        live = ~self._over
        self._over = terminated | truncated
        self.steps += int(live.sum())
        self._totals += np.where(live, reward, 0.0)
        for copy in np.flatnonzero(self._over):
            self.returns.append((self.steps, float(self._totals[copy])))
            self._totals[copy] = 0.0
        self.observation = self._vectors(found)
        return Seen(self.observation, reward.astype(np.float32), terminated, truncated, live)

    def close(self) -> None:
        """Let the environments go."""
        self.envs.close()

    def _vectors(self, observations: NDArray[Any]) -> Floats:
        if self._flat:
            return observations.reshape(self.count, self.features).astype(np.float32)
        one_hot: Floats = np.eye(self.features, dtype=np.float32)[observations - self._first]
        return one_hot


def _make(name: str, count: int, settings: Mapping[str, Any]) -> gymnasium.vector.VectorEnv:
    try:
        own = gymnasium.spec(name).vector_entry_point is not None
        mode = "vector_entry_point" if own else "sync"
        return gymnasium.make_vec(name, count, vectorization_mode=mode, **settings)
    except (gymnasium.error.Error, ModuleNotFoundError) as error:
        raise InputError(f"{name} is no Gymnasium environment ({error})") from error
    except (TypeError, ValueError, KeyError) as error:
        raise InputError(f"{name} refuses its settings {dict(settings)}: {error}") from error
