"""What a network sees of an environment: vectors of observations, and the space of actions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from latimer.errors import InputError

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Spaces:
    """features: length of an observation's vector; first: lowest discrete observation, else None.

    actions: the space of actions.
    """

    features: int
    first: int | None
    actions: gymnasium.Space[Any]

    @classmethod
    def of(
        cls, observations: gymnasium.Space[Any], actions: gymnasium.Space[Any], name: str
    ) -> Spaces:
        """InputError, with the environment's `name`, for observations of another kind."""
        if isinstance(observations, gymnasium.spaces.Discrete):
            return cls(int(observations.n), int(observations.start), actions)
        if isinstance(observations, gymnasium.spaces.Box):
            return cls(int(np.prod(observations.shape)), None, actions)
        raise InputError(f"{name}: observations {observations}; Box or Discrete expected")

    def vectors(self, observations: NDArray[Any]) -> Floats:
        """Vectors [copies, features] of observations [copies, …]: one-hot, or flattened."""
        if self.first is None:
            return observations.reshape(len(observations), self.features).astype(np.float32)
        one_hot: Floats = np.eye(self.features, dtype=np.float32)[observations - self.first]
        return one_hot
