"""Saved agents, whichever algorithm made them: a folder of networks, or a file of action values."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np

from latimer.errors import InputError
from latimer.rl.environments import Environment
from latimer.rl.evaluation import Policy
from latimer.rl.mdp.arrays import Floats
from latimer.rl.tabular.learned import Learned


@dataclass(frozen=True, eq=False)
class SavedAgent:
    """environment: in which it learned; limit: steps of an episode, None for the environment's.

    greedy: its policy without exploration; sampled: as in training, None where that is unknown.
    """

    algorithm: str
    environment: Environment
    limit: int | None
    greedy: Policy
    sampled: Policy | None


def load_agent(path: Path, seed: int, environment: Environment | None = None) -> SavedAgent:
    """The agent of a folder or file that learning saved.

    environment: in which it is to act, by default the one in which it learned. seed: of sampled
    actions. InputError for anything else, for damage, and for an environment whose observations or
    actions are not the agent's.
    """
    if path.is_dir():
        return _networks(path, seed, environment)
    if not path.exists():
        raise InputError(f"{path}: no such file or folder")
    return _table(path, seed, environment)


def _networks(folder: Path, seed: int, environment: Environment | None) -> SavedAgent:
    from latimer.rl.deep.spaces import Spaces
    from latimer.rl.deep.trained import Trained

    found = Trained.load(folder, seed)
    if environment is not None:
        env = environment.make()
        spaces = Spaces.of(env.observation_space, env.action_space, environment.name)
        env.close()
        if spaces != found.spaces:
            raise InputError(
                f"{environment.name} has {spaces.features} features and actions {spaces.actions}, "
                f"but {folder} was trained on {found.spaces.features} and {found.spaces.actions}"
            )
    return SavedAgent(
        found.algorithm, environment or found.environment, found.limit, found.policy,
        lambda observation: found.policy(observation, sampled=True),
    )  # fmt: skip


def _table(path: Path, seed: int, environment: Environment | None) -> SavedAgent:
    found, facts = Learned.load_with_facts(path)
    place = environment or Environment.from_json(facts.get("environment"), str(path))
    env = place.make()
    spaces = env.observation_space, env.action_space
    env.close()
    sizes = [space.n if isinstance(space, gymnasium.spaces.Discrete) else None for space in spaces]
    if sizes != list(found.q.shape[1:]):
        raise InputError(
            f"{place.name} has observations {spaces[0]} and actions {spaces[1]}, but {path} is a "
            f"table of {found.q.shape[1]} states and {found.q.shape[2]} actions"
        )
    first_state, first_action = (int(space.start) for space in spaces)  # type: ignore[attr-defined]
    q, limit, epsilon = found.q[0], facts.get("limit"), facts.get("epsilon")

    def greedy(observation: Any) -> int:
        return int(q[int(observation) - first_state].argmax()) + first_action

    sampled = None
    if isinstance(epsilon, int | float):
        sampled = _epsilon_greedy(greedy, q, float(epsilon), seed, first_action)
    return SavedAgent(
        found.algorithm, place, limit if isinstance(limit, int) else None, greedy, sampled
    )


def _epsilon_greedy(
    greedy: Policy, q: Floats, epsilon: float, seed: int, first_action: int
) -> Policy:
    random = np.random.default_rng(seed)

    def choose(observation: Any) -> int:
        if random.random() < epsilon:
            return int(random.integers(q.shape[1])) + first_action
        return int(greedy(observation))

    return choose
