"""Evaluate a policy: episodes in an environment, their mean return and its confidence interval."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np
from scipy import stats

from latimer.errors import InputError
from latimer.rl.mdp.arrays import Flags, Floats, Ints

Policy = Callable[[Any], Any]
"""From an observation to an action, both as the environment has them."""


@dataclass(frozen=True)
class Trajectory:
    """One episode. observations [steps + 1], actions, rewards [steps]; frames: what was rendered.

    frames [steps + 1], or none without render mode.
    """

    observations: list[Any]
    actions: list[Any]
    rewards: list[float]
    frames: list[Any]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Undiscounted returns, lengths in steps and whether they terminated, [episodes] each.

    first: the first episode.
    """

    returns: Floats
    lengths: Ints
    terminated: Flags
    first: Trajectory

    @property
    def mean(self) -> float:
        """The mean return."""
        return float(self.returns.mean())

    def interval(self, confidence: float = 0.95) -> tuple[float, float] | None:
        """The confidence interval of the mean by Student's t; None for one episode."""
        episodes = len(self.returns)
        if episodes < 2:
            return None
        quantile = stats.t.ppf((1 + confidence) / 2, episodes - 1)
        half = float(quantile * self.returns.std(ddof=1) / episodes**0.5)
        return self.mean - half, self.mean + half


def evaluate(
    env: gymnasium.Env[Any, Any],
    policy: Policy,
    episodes: int,
    seed: int,
    progress: Callable[[int], None] = lambda episodes: None,
) -> Evaluation:
    """Run `episodes` one after the other; the first is rendered if the environment has a mode.

    The environment must truncate episodes that do not end. progress: called after each episode with
    their number.
    """
    if episodes < 1:
        raise InputError(f"episodes is {episodes}; it must be at least 1")
    returns, lengths = np.zeros(episodes), np.zeros(episodes, np.int64)
    terminated, first = np.zeros(episodes, np.bool_), None
    for number in range(episodes):
        observation, _ = env.reset(seed=seed if number == 0 else None)
        render = env.render_mode is not None and number == 0
        seen = Trajectory([observation], [], [], [env.render()] if render else [])
        ended = truncated = False
        while not (ended or truncated):
            action = policy(observation)
            observation, reward, ended, truncated, _ = env.step(action)
            seen.observations.append(observation)
            seen.actions.append(action)
            seen.rewards.append(float(reward))
            if render:
                seen.frames.append(env.render())
        returns[number], lengths[number] = sum(seen.rewards), len(seen.rewards)
        terminated[number] = ended
        first = seen if first is None else first
        progress(number + 1)
    assert first is not None
    return Evaluation(returns, lengths, terminated, first)
