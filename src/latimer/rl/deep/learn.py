"""Train an agent with networks."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

from latimer.rl.deep.learners import Learner, new_learner
from latimer.rl.deep.ranges import settings_of
from latimer.rl.deep.settings import SETTINGS, Training
from latimer.rl.deep.trained import WINDOW, Trained
from latimer.rl.deep.vector_env import VectorEnv
from latimer.rl.environments import Environment, environment_of
from latimer.rl.grid.grid_world import GridWorld
from latimer.rl.mdp.finite_mdp import FiniteMDP

ALGORITHMS = tuple(SETTINGS)

Progress = Callable[[int, float | None], None]


def train(
    environment: str | GridWorld | FiniteMDP | Environment,
    algorithm: str = "ppo",
    *,
    settings: Mapping[str, Any] | None = None,
    until: float | None = None,
    progress: Progress | None = None,
    **training: Any,
) -> Trained:
    """Learn with networks, in several copies of an environment at a time.

    environment: a name (see `latimer.rl.environments.find_environment`), a grid world, or a
    `FiniteMDP` that has a start and in which every action is legal. Its states become one-hot
    vectors. settings: fields of the algorithm's settings (`latimer.rl.deep.settings`); the discount
    of a grid world or a process is its own unless it is among them. until: end when the mean return
    of the last 100 episodes reaches it; progress: called with the steps so far and that mean.
    Further keywords are the fields of `Training`. The same seed gives the same result on the same
    machine and number of threads. InputError names what cannot be.
    """
    how, place = Training(**training), environment_of(environment)
    given = dict(settings or {})
    if place.own_discount is not None:
        given.setdefault("discount", place.own_discount)
    chosen = settings_of(algorithm, given)
    started = time.process_time()
    device = torch.device(how.device)
    torch.Generator(device)  # refuses a device that is not there before anything is made
    envs = VectorEnv(place, chosen.copies, how.seed, how.limit)
    try:
        learner = new_learner(algorithm, envs.spaces, chosen, how.seed, device)
        _train(learner, envs, how.steps, until, progress)
    finally:
        envs.close()
    ends, returns = zip(*envs.returns, strict=True) if envs.returns else ((), ())
    return Trained(
        algorithm, place, envs.spaces, learner, chosen, how.limit, np.array(returns, float),
        np.array(ends, np.int64), envs.steps, time.process_time() - started,
    )  # fmt: skip


def _train(
    learner: Learner, envs: VectorEnv, steps: int, until: float | None, progress: Progress | None
) -> None:
    while envs.steps < steps:
        learner.learn(envs, 1 - envs.steps / steps)
        recent = [value for _, value in envs.returns[-WINDOW:]]
        mean = sum(recent) / len(recent) if recent else None
        if progress is not None:
            progress(envs.steps, mean)
        if until is not None and len(recent) == WINDOW and mean is not None and mean >= until:
            return
