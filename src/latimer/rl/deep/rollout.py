"""Rollouts of the present policy, and the advantages of their steps."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from latimer.rl.deep.policies import Categorical, Gaussian
from latimer.rl.deep.vector_env import VectorEnv
from latimer.rl.td_targets import gae


class Rollout(NamedTuple):
    """`time` steps of `copies` environments: `[time, copies]`, actions `[time, copies, …]`.

    observations `[time + 1, copies, features]` begin before the first step. discount is γ, or 0
    where the step terminated the episode; a truncated step keeps its γ. Where `valid` is False the
    copy was reset instead of acting, and the step before it was the last of its episode.
    """

    observations: Tensor
    actions: Tensor
    rewards: Tensor
    discounts: Tensor
    valid: Tensor


def collect(
    envs: VectorEnv, policy: Categorical | Gaussian, time: int, discount: float,
    generator: torch.Generator, device: torch.device,
) -> Rollout:  # fmt: skip
    """Act for `time` steps of all copies."""
    steps, actions = [], []
    observations = [torch.as_tensor(envs.observation, device=device)]
    for _ in range(time):
        actions.append(policy.sample(observations[-1], generator))
        steps.append(envs.step(policy.to_environment(actions[-1])))
        observations.append(torch.as_tensor(steps[-1].observation, device=device))
    rewards = torch.as_tensor(np.stack([step.reward for step in steps]), device=device)
    terminated = torch.as_tensor(np.stack([step.terminated for step in steps]), device=device)
    valid = torch.as_tensor(np.stack([step.valid for step in steps]), device=device)
    discounts = discount * (~terminated).to(rewards.dtype)
    return Rollout(torch.stack(observations), torch.stack(actions), rewards, discounts, valid)


def advantages_and_returns(
    rollout: Rollout, critic: nn.Module, gae_lambda: float
) -> tuple[Tensor, Tensor]:
    """Generalised advantages and λ-returns, both `[time, copies]`, by `td_targets.gae`.

    λ = `gae_lambda`; with λ = 1 they are n-step. A step in which a copy was reset gets advantage 0
    and passes nothing back, so that a truncated episode bootstraps from the state that it had
    reached and from nothing of the next.
    """
    with torch.no_grad():
        values = critic(rollout.observations).squeeze(-1)
    now = values[:-1]
    rewards = torch.where(rollout.valid, rollout.rewards, now)
    discounts = torch.where(rollout.valid, rollout.discounts, 0.0)
    advantages = gae(rewards.t(), discounts.t(), values.t(), gae_lambda).t()
    return advantages, advantages + now
