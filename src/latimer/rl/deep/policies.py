"""Stochastic policies: categorical for discrete actions, Gaussian for continuous ones."""

from __future__ import annotations

import math
from typing import Protocol

import gymnasium
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from latimer.errors import InputError
from latimer.rl.deep.networks import MLP


class Policy(Protocol):
    """A distribution of actions for each observation; an `nn.Module`, the actor."""

    def sample(self, observations: Tensor, generator: torch.Generator) -> Tensor:
        """Actions `[...]` or `[..., dimensions]` for `[..., features]`; no gradient."""

    def evaluate(self, observations: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Log π(a | s) and the entropy of π(· | s), both `[...]`, with gradients."""

    def mode(self, observations: Tensor) -> Tensor:
        """The most likely actions; no gradient."""

    def to_environment(self, actions: Tensor) -> NDArray[np.generic]:
        """Actions as the environment takes them."""


class Categorical(nn.Module):
    """Discrete actions: the softmax of an MLP. `first` is the space's lowest action."""

    def __init__(
        self, features: int, actions: int, hidden: tuple[int, ...], first: int,
        generator: torch.Generator,
    ) -> None:  # fmt: skip
        super().__init__()
        self.network = MLP((features, *hidden, actions), 0.01, generator)
        self.first = first

    @torch.no_grad()
    def sample(self, observations: Tensor, generator: torch.Generator) -> Tensor:
        """By the Gumbel trick: the argmax of logits - log E, with E exponential."""
        logits = self.network(observations)
        noise = torch.empty_like(logits).exponential_(generator=generator)
        return (logits - noise.log()).argmax(-1)

    def evaluate(self, observations: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """See `Policy`."""
        log_probs = torch.log_softmax(self.network(observations), -1)
        chosen = log_probs.gather(-1, actions.unsqueeze(-1)).squeeze(-1)
        return chosen, -(log_probs.exp() * log_probs).sum(-1)

    @torch.no_grad()
    def mode(self, observations: Tensor) -> Tensor:
        """See `Policy`."""
        found: Tensor = self.network(observations).argmax(-1)
        return found

    def to_environment(self, actions: Tensor) -> NDArray[np.generic]:
        """See `Policy`."""
        chosen: NDArray[np.generic] = actions.cpu().numpy() + self.first
        return chosen


class Gaussian(nn.Module):
    """Continuous actions: independent normals, whose means are an MLP's.

    Their deviations are parameters. What the environment gets is clipped to its bounds `low`,
    `high [dimensions]`.
    """

    def __init__(
        self, features: int, hidden: tuple[int, ...], low: NDArray[np.float32],
        high: NDArray[np.float32], shape: tuple[int, ...], generator: torch.Generator,
    ) -> None:  # fmt: skip
        super().__init__()
        self.network = MLP((features, *hidden, len(low)), 0.01, generator)
        self.log_deviation = nn.Parameter(torch.zeros(len(low)))
        self.low, self.high, self.shape = low, high, shape
        # Means and deviations are in units of half the range, where there is one.
        bounded = np.isfinite(low) & np.isfinite(high)
        lowest, highest = np.where(bounded, low, -1.0), np.where(bounded, high, 1.0)
        half, middle = (highest - lowest) / 2, (highest + lowest) / 2
        self.unit: Tensor
        self.middle: Tensor
        self.register_buffer("unit", torch.as_tensor(half, dtype=torch.float32))
        self.register_buffer("middle", torch.as_tensor(middle, dtype=torch.float32))

    @torch.no_grad()
    def sample(self, observations: Tensor, generator: torch.Generator) -> Tensor:
        """See `Policy`; actions are in units of half the range, unbounded."""
        means = self.network(observations)
        noise = torch.empty_like(means).normal_(generator=generator)
        return means + noise * self.log_deviation.exp()

    def evaluate(self, observations: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """See `Policy`."""
        deviation = self.log_deviation.exp()
        scaled = (actions - self.network(observations)) / deviation
        constant = 0.5 * math.log(2 * math.pi)
        log_probs = (-0.5 * scaled.square() - self.log_deviation - constant).sum(-1)
        entropy = (self.log_deviation + constant + 0.5).sum()
        return log_probs, entropy.expand_as(log_probs)

    @torch.no_grad()
    def mode(self, observations: Tensor) -> Tensor:
        """See `Policy`."""
        means: Tensor = self.network(observations)
        return means

    def to_environment(self, actions: Tensor) -> NDArray[np.generic]:
        """See `Policy`."""
        chosen = (actions * self.unit + self.middle).cpu().numpy()
        clipped: NDArray[np.generic] = np.clip(chosen, self.low, self.high)
        return clipped.reshape(*clipped.shape[:-1], *self.shape)


def policy_for(
    space: gymnasium.Space[object], features: int, hidden: tuple[int, ...],
    generator: torch.Generator,
) -> Categorical | Gaussian:  # fmt: skip
    """The policy for a space of actions; InputError for another kind of space."""
    if isinstance(space, gymnasium.spaces.Discrete):
        return Categorical(features, int(space.n), hidden, int(space.start), generator)
    if isinstance(space, gymnasium.spaces.Box):
        low, high = space.low.ravel(), space.high.ravel()
        return Gaussian(features, hidden, low, high, space.shape, generator)
    raise InputError(f"actions {space}: Discrete or Box expected")
