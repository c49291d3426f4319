"""Actor–critic: A2C (Mnih et al. 2016) and PPO (Schulman et al. 2017) on the same code.

The actor climbs the gradient of the expected return, estimated by ∇ log π(a | s) A(s, a); the
critic learns the values from which the advantages A are made. Two networks, two optimisers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from latimer.errors import InputError
from latimer.rl.deep.networks import MLP
from latimer.rl.deep.policies import policy_for
from latimer.rl.deep.rollout import Rollout, advantages_and_returns, collect
from latimer.rl.deep.settings import A2C, PPO
from latimer.rl.deep.spaces import Spaces
from latimer.rl.deep.vector_env import VectorEnv


def policy_gradient_loss(log_probs: Tensor, advantages: Tensor) -> Tensor:
    """-mean A log π(a | s); all `[steps]` (Sutton & Barto 2018, equation 13.11)."""
    return -(advantages * log_probs).mean()


def clipped_surrogate_loss(
    log_probs: Tensor, old_log_probs: Tensor, advantages: Tensor, clip: float
) -> Tensor:
    """-mean min(ρ A, clip(ρ, 1 - ε, 1 + ε) A), ρ = π / π_old (Schulman et al. 2017, equation 7)."""
    ratio = (log_probs - old_log_probs).exp()
    clipped = ratio.clamp(1 - clip, 1 + clip)
    return -torch.minimum(ratio * advantages, clipped * advantages).mean()


class ActorCritic:
    """The actor, the critic and their optimisers; `modules` are what is saved."""

    def __init__(
        self, spaces: Spaces, settings: A2C | PPO, generator: torch.Generator, device: torch.device
    ) -> None:
        _check_minibatches(settings)
        self.settings, self.device = settings, device
        start = torch.Generator().manual_seed(generator.initial_seed())
        self.actor = policy_for(spaces.actions, spaces.features, settings.hidden, start).to(device)
        self.critic = MLP((spaces.features, *settings.hidden, 1), 1.0, start).to(device)
        self.generator = generator
        self.optimisers = [
            torch.optim.Adam(module.parameters(), lr=rate, eps=1e-5, fused=True)
            for module, rate in (
                (self.actor, settings.actor_learning_rate),
                (self.critic, settings.critic_learning_rate),
            )
        ]  # fmt: skip

    @property
    def modules(self) -> dict[str, nn.Module]:
        """By name."""
        return {"actor": self.actor, "critic": self.critic}

    def act(self, observations: Tensor) -> Tensor:
        """The most likely actions."""
        return self.actor.mode(observations)

    def sample(self, observations: Tensor) -> Tensor:
        """Actions drawn from the policy."""
        return self.actor.sample(observations, self.generator)

    def to_environment(self, actions: Tensor) -> NDArray[np.generic]:
        """Actions as the environment takes them."""
        return self.actor.to_environment(actions)

    def learn(self, envs: VectorEnv, remaining: float) -> None:
        """A rollout and the updates on it; see `latimer.rl.deep.learners.Learner`."""
        chosen = self.settings
        for optimiser, rate in zip(
            self.optimisers, (chosen.actor_learning_rate, chosen.critic_learning_rate), strict=True
        ):
            optimiser.param_groups[0]["lr"] = rate * remaining if chosen.anneal else rate
        rollout = collect(
            envs, self.actor, chosen.horizon, chosen.discount, self.generator, self.device
        )
        rollout = rollout._replace(rewards=rollout.rewards * chosen.reward_scale)
        advantages, returns = advantages_and_returns(rollout, self.critic, chosen.gae_lambda)
        steps = _flat(rollout, advantages, returns)
        if isinstance(chosen, A2C):
            self._update(steps, slice(None), None, 0.0)
            return
        with torch.no_grad():
            old, _ = self.actor.evaluate(steps.observations, steps.actions)
        clip = chosen.clip * remaining if chosen.anneal else chosen.clip
        for part in self._minibatches(chosen, len(steps.advantages)):
            self._update(steps, part, old, clip)

    def _minibatches(self, settings: PPO, steps: int) -> Iterator[Tensor]:
        for _ in range(settings.epochs):
            order = torch.randperm(steps, generator=self.generator, device=self.device)
            yield from order.tensor_split(settings.minibatches)

    def _update(self, steps: _Steps, part: slice | Tensor, old: Tensor | None, clip: float) -> None:
        chosen = self.settings
        observations, advantages = steps.observations[part], steps.advantages[part]
        if chosen.normalise_advantages:
            advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
        log_probs, entropy = self.actor.evaluate(observations, steps.actions[part])
        if old is None:
            loss = policy_gradient_loss(log_probs, advantages)
        else:
            loss = clipped_surrogate_loss(log_probs, old[part], advantages, clip)
        if chosen.entropy:
            loss = loss - chosen.entropy * entropy.mean()
        error = self.critic(observations).squeeze(-1) - steps.returns[part]
        losses: tuple[Tensor, Tensor] = (loss, error.square().mean())
        for module, optimiser, part_loss in zip(
            (self.actor, self.critic), self.optimisers, losses, strict=True
        ):
            _descend(module, optimiser, part_loss, chosen.max_gradient_norm)


def _check_minibatches(settings: A2C | PPO) -> None:
    """InputError for minibatches too small to be normalised."""
    steps, least = settings.copies * settings.horizon, 2 if settings.normalise_advantages else 1
    minibatches = settings.minibatches if isinstance(settings, PPO) else 1
    if steps < least * minibatches:
        raise InputError(
            f"{steps} steps, copies times horizon, are too few for minibatches {minibatches} of "
            f"at least {least}; lower minibatches or raise horizon"
        )


@dataclass(frozen=True)
class _Steps:
    """The valid steps of a rollout, `[steps]` each."""

    observations: Tensor
    actions: Tensor
    advantages: Tensor
    returns: Tensor


def _flat(rollout: Rollout, advantages: Tensor, returns: Tensor) -> _Steps:
    parts = rollout.observations[:-1], rollout.actions, advantages, returns
    if bool(rollout.valid.all()):
        return _Steps(*(part.flatten(0, 1) for part in parts))
    return _Steps(*(part[rollout.valid] for part in parts))


def _descend(
    module: nn.Module, optimiser: torch.optim.Optimizer, loss: Tensor, norm: float
) -> None:
    parameters = list(module.parameters())
    gradients = torch.autograd.grad(loss, parameters)
    total = torch.stack([g.square().sum() for g in gradients]).sum().sqrt()
    scale = (norm / (total + 1e-6)).clamp(max=1.0)
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient * scale
    optimiser.step()
