"""Stretches of experience with the present policy, and what each step was worth."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from latimer.rl.deep.policies import Categorical, Gaussian
from latimer.rl.deep.vector_env import Worlds
from latimer.rl.td_targets import gae


class Rollout(NamedTuple):
    """`time` steps of `copies` environments: `[time, copies]`, actions `[time, copies, …]`.

    observations `[time + 1, copies, features]` begin before the first step. discount is γ, or 0
    where the step ended its episode; a step that a limit cut off keeps its γ. Where `live` is False
    the copy was being reset: no action was taken there, and the step before it was the last of
    its episode.
    """

    observations: Tensor
    actions: Tensor
    rewards: Tensor
    discounts: Tensor
    live: Tensor


def collect(
    worlds: Worlds, policy: Categorical | Gaussian, time: int, discount: float,
    generator: torch.Generator, device: torch.device,
) -> Rollout:  # fmt: skip
    """Act for `time` steps of all copies."""
    seen, actions = [], []
    observations = [torch.as_tensor(worlds.observation, device=device)]
    for _ in range(time):
        actions.append(policy.sample(observations[-1], generator))
        seen.append(worlds.step(policy.to_environment(actions[-1])))
        observations.append(torch.as_tensor(seen[-1].observation, device=device))
    rewards = torch.as_tensor(np.stack([step.reward for step in seen]), device=device)
    terminated = torch.as_tensor(np.stack([step.terminated for step in seen]), device=device)
    live = torch.as_tensor(np.stack([step.live for step in seen]), device=device)
    discounts = discount * (~terminated).to(rewards.dtype)
    return Rollout(torch.stack(observations), torch.stack(actions), rewards, discounts, live)


def advantages_and_returns(
    rollout: Rollout, critic: nn.Module, decay: float
) -> tuple[Tensor, Tensor]:
    """Generalised advantages and λ-returns, both `[time, copies]`, by `td_targets.gae`.

    λ = `decay`; with λ = 1 they are n-step. A step in which a copy was reset gets advantage 0 and
    passes nothing back, so that an episode which was cut off bootstraps from the state it had
    reached and from nothing of the next.
    """
    with torch.no_grad():
        values = critic(rollout.observations).squeeze(-1)
    now = values[:-1]
    rewards = torch.where(rollout.live, rollout.rewards, now)
    discounts = torch.where(rollout.live, rollout.discounts, 0.0)
    advantages = gae(rewards.t(), discounts.t(), values.t(), decay).t()
    return advantages, advantages + now
