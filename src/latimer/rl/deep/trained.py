"""What training with networks returns, and its folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from latimer.errors import InputError
from latimer.files import write_folder_atomically
from latimer.rl.deep.learners import Learner, new_learner
from latimer.rl.deep.ranges import settings_of
from latimer.rl.deep.spaces import Spaces
from latimer.rl.environments import Environment
from latimer.tensors import load_weights, read_tensors, weights_of, write_tensors

WINDOW = 100
"""`solved_at` looks at the mean of so many episodes."""
FACTS = "learned.json"


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained learner, and how training went.

    returns [episodes] and the steps taken when each ended, ends [episodes], of all copies together;
    limit: steps after which an episode was truncated, None for the environment's own; cpu_seconds
    are those of the process.
    """

    algorithm: str
    environment: Environment
    spaces: Spaces
    learner: Learner
    settings: Any
    limit: int | None
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

    def policy(self, observation: Any, *, sampled: bool = False) -> Any:
        """The action for one observation, both as the environment has them."""
        vectors = torch.as_tensor(self.spaces.vectors(np.asarray(observation)[None]))
        choose = self.learner.sample if sampled else self.learner.act
        return self.learner.to_environment(choose(vectors))[0]

    def save(self, folder: Path) -> None:
        """Weights as safetensors and facts as JSON; nothing in it is executed when it is read."""
        facts = {
            "algorithm": self.algorithm,
            "environment": self.environment.to_json(),
            "settings": asdict(self.settings),
            "limit": self.limit,
            "steps": self.steps,
            "cpu_seconds": self.cpu_seconds,
            "returns": self.returns.tolist(),
            "ends": self.ends.tolist(),
        }

        def fill(temporary: Path) -> None:
            text = json.dumps(facts, indent=1) + "\n"
            (temporary / FACTS).write_text(text, encoding="utf-8")
            for name, module in self.learner.modules.items():
                write_tensors(temporary / f"{name}.safetensors", weights_of(module))

        write_folder_atomically(folder, fill)

    @classmethod
    def load(cls, folder: Path, seed: int = 0) -> Trained:
        """What `save` wrote, on the CPU; InputError for any other or a damaged folder.

        seed: of the actions that are sampled from now on.
        """
        where, facts = str(folder / FACTS), _facts(folder)
        environment = Environment.from_json(facts.get("environment"), where)
        algorithm, settings, limit = (facts.get(key) for key in ("algorithm", "settings", "limit"))
        if not isinstance(algorithm, str) or not isinstance(settings, Mapping):
            raise InputError(f"{where}: not facts that training wrote; train again")
        try:
            chosen = settings_of(algorithm, settings)
            returns = np.array(list(facts["returns"]), float)
            ends = np.array(list(facts["ends"]), np.int64)
            if returns.ndim != 1 or returns.shape != ends.shape:
                raise ValueError("returns and ends differ in length")
            steps, seconds = int(facts["steps"]), float(facts["cpu_seconds"])
            limit = None if limit is None else int(limit)
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"{where}: not facts that training wrote ({error})") from error
        except InputError as error:
            raise InputError(f"{where}: {error}; train again") from error
        env = environment.make(limit)
        spaces = Spaces.of(env.observation_space, env.action_space, environment.name)
        env.close()
        learner = new_learner(algorithm, spaces, chosen, seed, "cpu")
        for name, module in learner.modules.items():
            _load_weights(module, folder / f"{name}.safetensors")
        return cls(
            algorithm, environment, spaces, learner, chosen, limit, returns, ends, steps, seconds
        )


def _facts(folder: Path) -> dict[str, Any]:
    path = folder / FACTS
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{folder}: no {FACTS} in it, so no saved agent") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: damaged ({error}); train again") from error
    if not isinstance(facts, dict):
        raise InputError(f"{path}: damaged (no object); train again")
    return facts


def _load_weights(module: torch.nn.Module, path: Path) -> None:
    try:
        weights = read_tensors(path)
    except InputError as error:
        raise InputError(f"{error}; train again") from error
    try:
        load_weights(module, weights)
    except InputError as error:
        raise InputError(f"{path}: {error}; {FACTS} describes another one") from error
