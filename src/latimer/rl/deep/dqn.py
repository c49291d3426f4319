"""Deep Q-learning (Mnih et al. 2015) with replay, a target network and, by default, double Q."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import gymnasium
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from latimer.errors import InputError
from latimer.rl.deep.networks import MLP
from latimer.rl.deep.replay import Replay
from latimer.rl.deep.vector_env import Worlds
from latimer.rl.td_targets import double_q, q_learning


@dataclass(frozen=True)
class Settings:
    """Of `DQN`.

    replay: steps remembered; warmup: steps before learning; period: steps of all copies between
    updates, of which there are then `updates`; refresh: updates after which the target becomes the
    network; epsilon: of the policy, from the first number to the second over the share `explore`
    of all steps.
    """

    copies: int = 8
    discount: float = 0.99
    rate: float = 1e-3
    replay: int = 100_000
    warmup: int = 1_000
    period: int = 256
    updates: int = 128
    batch: int = 64
    refresh: int = 128
    epsilon: tuple[float, float] = (1.0, 0.04)
    explore: float = 0.16
    double: bool = True
    norm: float = 10.0
    hidden: tuple[int, ...] = (128, 128)


class DQN:
    """The network, its target and what it remembers."""

    def __init__(
        self, worlds: Worlds, settings: Settings, generator: torch.Generator, device: torch.device
    ) -> None:
        space = worlds.actions
        if not isinstance(space, gymnasium.spaces.Discrete):
            raise InputError(f"dqn chooses among finitely many actions, not {space}; take ppo")
        self.settings, self.device, self.generator = settings, device, generator
        self.actions, self.first = int(space.n), int(space.start)
        start = torch.Generator().manual_seed(generator.initial_seed())
        sizes = (worlds.features, *settings.hidden, self.actions)
        self.network = MLP(sizes, 1.0, start).to(device)
        self.target = copy.deepcopy(self.network)
        self.optimiser = torch.optim.Adam(self.network.parameters(), lr=settings.rate, fused=True)
        self.replay = Replay(settings.replay, worlds.features, device)
        self._trained = self._updates = 0

    @property
    def modules(self) -> dict[str, nn.Module]:
        """By name."""
        return {"network": self.network}

    @torch.no_grad()
    def act(self, observations: Tensor) -> Tensor:
        """The greedy actions."""
        found: Tensor = self.network(observations).argmax(-1)
        return found

    def to_environment(self, actions: Tensor) -> NDArray[np.generic]:
        """Actions as the environment takes them."""
        chosen: NDArray[np.generic] = actions.cpu().numpy() + self.first
        return chosen

    def learn(self, worlds: Worlds, left: float) -> None:
        """A step of every copy, and the updates that are due; `left` is the share still to come."""
        chosen = self.settings
        first, last = chosen.epsilon
        epsilon = last + (first - last) * max(0.0, 1 - (1 - left) / chosen.explore)
        before = torch.as_tensor(worlds.observation, device=self.device)
        actions = self._explore(before, epsilon)
        seen = worlds.step(self.to_environment(actions))
        after = torch.as_tensor(seen.observation, device=self.device)
        live = torch.as_tensor(seen.live, device=self.device)
        going = torch.as_tensor(~seen.terminated, device=self.device)
        rewards = torch.as_tensor(seen.reward, device=self.device)
        discounts = chosen.discount * going.to(rewards.dtype)
        self.replay.add(before[live], actions[live], rewards[live], discounts[live], after[live])
        if worlds.steps >= max(chosen.warmup, self._trained + chosen.period):
            self._trained = worlds.steps
            for _ in range(chosen.updates):
                self._update()

    def _explore(self, observations: Tensor, epsilon: float) -> Tensor:
        shape, generator, device = (len(observations),), self.generator, self.device
        random = torch.randint(self.actions, shape, generator=generator, device=device)
        at_random = torch.rand(shape, generator=generator, device=device) < epsilon
        return torch.where(at_random, random, self.act(observations))

    def _update(self) -> None:
        chosen = self.settings
        before, actions, rewards, discounts, after = self.replay.draw(chosen.batch, self.generator)
        with torch.no_grad():
            values = self.target(after)
            if chosen.double:
                aim = double_q(rewards, discounts, values, self.network(after))
            else:
                aim = q_learning(rewards, discounts, values)
        q = self.network(before).gather(1, actions[:, None]).squeeze(1)
        loss = nn.functional.smooth_l1_loss(q, aim)
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), chosen.norm)
        self.optimiser.step()
        self._updates += 1
        if self._updates % chosen.refresh == 0:
            self.target.load_state_dict(self.network.state_dict())
