"""Actor–critic: A2C (Mnih et al. 2016) and PPO (Schulman et al. 2017) on the same code.

The actor climbs the gradient of the expected return, estimated by ∇ log π(a | s) A(s, a); the
critic learns the values from which the advantages A are made. Two networks, two optimisers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from latimer.errors import InputError
from latimer.rl.deep.networks import MLP
from latimer.rl.deep.policies import policy_for
from latimer.rl.deep.rollout import Rollout, advantages_and_returns, collect
from latimer.rl.deep.vector_env import Worlds


@dataclass(frozen=True)
class Settings:
    """Of A2C where `clip` is None, else of PPO.

    horizon: steps of each copy between updates; decay: λ of the advantages; epochs: how often a
    rollout is gone through, in `minibatches` parts; entropy: the bonus's factor; norm: to which
    gradients are clipped; anneal: whether learning rates and clip fall to 0 in a straight line.
    """

    copies: int = 8
    horizon: int = 16
    discount: float = 0.99
    decay: float = 1.0
    actor_rate: float = 7e-4
    critic_rate: float = 7e-4
    entropy: float = 0.0
    norm: float = 0.5
    clip: float | None = None
    epochs: int = 1
    minibatches: int = 1
    normalise: bool = False
    anneal: bool = False
    reward_scale: float = 1.0
    hidden: tuple[int, ...] = (64, 64)


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
        self, worlds: Worlds, settings: Settings, generator: torch.Generator, device: torch.device
    ) -> None:
        steps, least = settings.copies * settings.horizon, 2 if settings.normalise else 1
        if steps < least * settings.minibatches:
            raise InputError(
                f"{steps} steps, copies times horizon, are too few for minibatches "
                f"{settings.minibatches} of at least {least}; lower minibatches or raise horizon"
            )
        self.settings, self.device = settings, device
        start = torch.Generator().manual_seed(generator.initial_seed())
        self.actor = policy_for(worlds.actions, worlds.features, settings.hidden, start).to(device)
        self.critic = MLP((worlds.features, *settings.hidden, 1), 1.0, start).to(device)
        self.generator = generator
        self.optimisers = [
            torch.optim.Adam(module.parameters(), lr=rate, eps=1e-5, fused=True)
            for module, rate in (
                (self.actor, settings.actor_rate), (self.critic, settings.critic_rate)
            )
        ]  # fmt: skip

    @property
    def modules(self) -> dict[str, nn.Module]:
        """By name."""
        return {"actor": self.actor, "critic": self.critic}

    def act(self, observations: Tensor) -> Tensor:
        """The most likely actions."""
        return self.actor.mode(observations)

    def learn(self, worlds: Worlds, left: float) -> None:
        """A rollout and the updates on it; `left` is the share of all steps still to come."""
        chosen = self.settings
        for optimiser, rate in zip(
            self.optimisers, (chosen.actor_rate, chosen.critic_rate), strict=True
        ):
            optimiser.param_groups[0]["lr"] = rate * left if chosen.anneal else rate
        rollout = collect(
            worlds, self.actor, chosen.horizon, chosen.discount, self.generator, self.device
        )
        rollout = rollout._replace(rewards=rollout.rewards * chosen.reward_scale)
        advantages, returns = advantages_and_returns(rollout, self.critic, chosen.decay)
        steps = _flat(rollout, advantages, returns)
        if chosen.clip is None:
            self._update(steps, slice(None), None, 0.0)
            return
        with torch.no_grad():
            old, _ = self.actor.evaluate(steps.observations, steps.actions)
        clip = chosen.clip * left if chosen.anneal else chosen.clip
        for part in self._parts(len(steps.advantages)):
            self._update(steps, part, old, clip)

    def _parts(self, steps: int) -> Iterator[Tensor]:
        for _ in range(self.settings.epochs):
            order = torch.randperm(steps, generator=self.generator, device=self.device)
            yield from order.tensor_split(self.settings.minibatches)

    def _update(self, steps: _Steps, part: slice | Tensor, old: Tensor | None, clip: float) -> None:
        chosen = self.settings
        observations, advantages = steps.observations[part], steps.advantages[part]
        if chosen.normalise:
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
            _descend(module, optimiser, part_loss, chosen.norm)


@dataclass(frozen=True)
class _Steps:
    """The live steps of a rollout, `[steps]` each."""

    observations: Tensor
    actions: Tensor
    advantages: Tensor
    returns: Tensor


def _flat(rollout: Rollout, advantages: Tensor, returns: Tensor) -> _Steps:
    parts = rollout.observations[:-1], rollout.actions, advantages, returns
    if bool(rollout.live.all()):
        return _Steps(*(part.flatten(0, 1) for part in parts))
    return _Steps(*(part[rollout.live] for part in parts))


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
