"""What tabular learning returns, and its file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from latimer.errors import InputError
from latimer.rl.mdp import saved
from latimer.rl.mdp.arrays import Floats, Ints

_ARRAYS = ("q", "returns", "lengths")
"""What is kept of `Learned` in a file, beside its facts."""


@dataclass(frozen=True, eq=False)
class Learned:
    """The action values and returns of independent runs.

    q [runs, states, actions]; returns (undiscounted), lengths [runs, episodes]; seconds of wall
    time. Double Q-learning's q is the mean of its two tables.
    """

    algorithm: str
    q: Floats
    returns: Floats
    lengths: Ints
    seconds: float

    @property
    def steps(self) -> int:
        """Steps of all runs together."""
        return int(self.lengths.sum())

    def policy(self, run: int = 0) -> Ints:
        """The greedy policy of a run [states]; of tied actions the first."""
        greedy: Ints = self.q[run].argmax(axis=1)
        return greedy

    def save(self, path: Path, **facts: Any) -> None:
        """Write `.npz` or `.json`, with further facts; see `latimer.rl.mdp.saved.save`."""
        own = {"algorithm": self.algorithm, "steps": self.steps, "seconds": self.seconds}
        saved.save(path, facts | own, {name: getattr(self, name) for name in _ARRAYS})

    @classmethod
    def load(cls, path: Path) -> Learned:
        """What `save` wrote, exactly; InputError for any other file."""
        return cls.load_with_facts(path)[0]

    @classmethod
    def load_with_facts(cls, path: Path) -> tuple[Learned, dict[str, Any]]:
        """The same, and the further facts."""
        facts, arrays = saved.load(path)
        algorithm, seconds = facts.get("algorithm"), facts.get("seconds")
        q, returns, lengths = (arrays.get(name, np.empty(0)) for name in _ARRAYS)
        wrong = q.ndim != 3 or returns.ndim != 2 or returns.shape != lengths.shape
        if wrong or not isinstance(algorithm, str) or not isinstance(seconds, int | float):
            raise InputError(f"{path}: no saved table of action values")
        if len(q) != len(returns):
            raise InputError(f"{path}: tables of {len(q)} runs, but returns of {len(returns)}")
        return cls(algorithm, q, returns, lengths, float(seconds)), facts
