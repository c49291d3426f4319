"""Deep Q-learning (Mnih et al. 2015) with replay, a target network and, by default, double Q."""

from __future__ import annotations

import copy

import gymnasium
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from latimer.errors import InputError
from latimer.rl.deep.networks import MLP
from latimer.rl.deep.replay import Replay
from latimer.rl.deep.settings import DQN as Settings
from latimer.rl.deep.spaces import Spaces
from latimer.rl.deep.vector_env import VectorEnv
from latimer.rl.td_targets import double_q, q_learning


class DQNLearner:
    """The network, its target network and the replay buffer."""

    def __init__(
        self, spaces: Spaces, settings: Settings, generator: torch.Generator, device: torch.device
    ) -> None:
        space = spaces.actions
        if not isinstance(space, gymnasium.spaces.Discrete):
            raise InputError(f"dqn needs finitely many actions, not {space}; choose ppo")
        self.settings, self.device, self.generator = settings, device, generator
        self.actions, self.first = int(space.n), int(space.start)
        start = torch.Generator().manual_seed(generator.initial_seed())
        sizes = (spaces.features, *settings.hidden, self.actions)
        self.network = MLP(sizes, 1.0, start).to(device)
        self.target = copy.deepcopy(self.network)
        self.optimiser = torch.optim.Adam(
            self.network.parameters(), lr=settings.learning_rate, fused=True
        )
        self.replay = Replay(settings.replay, spaces.features, device)
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

    def sample(self, observations: Tensor) -> Tensor:
        """ε-greedy actions, with the last ε of training."""
        return self._epsilon_greedy(observations, self.settings.epsilon[1])

    def to_environment(self, actions: Tensor) -> NDArray[np.generic]:
        """Actions as the environment takes them."""
        chosen: NDArray[np.generic] = actions.cpu().numpy() + self.first
        return chosen

    def learn(self, envs: VectorEnv, remaining: float) -> None:
        """A step of every copy, and the updates that are due."""
        chosen = self.settings
        first, last = chosen.epsilon
        epsilon = last + (first - last) * max(0.0, 1 - (1 - remaining) / chosen.exploration)
        observations = torch.as_tensor(envs.observation, device=self.device)
        actions = self._epsilon_greedy(observations, epsilon)
        step = envs.step(self.to_environment(actions))
        following = torch.as_tensor(step.observation, device=self.device)
        valid = torch.as_tensor(step.valid, device=self.device)
        rewards = torch.as_tensor(step.reward, device=self.device)
        continues = torch.as_tensor(~step.terminated, device=self.device).to(rewards.dtype)
        parts = observations, actions, rewards, chosen.discount * continues, following
        self.replay.add(*(part[valid] for part in parts))
        if envs.steps >= max(chosen.warmup, self._trained + chosen.period):
            self._trained = envs.steps
            for _ in range(chosen.updates):
                self._update()

    def _epsilon_greedy(self, observations: Tensor, epsilon: float) -> Tensor:
        shape, generator, device = (len(observations),), self.generator, self.device
        random = torch.randint(self.actions, shape, generator=generator, device=device)
        at_random = torch.rand(shape, generator=generator, device=device) < epsilon
        return torch.where(at_random, random, self.act(observations))

    def _update(self) -> None:
        chosen = self.settings
        batch = self.replay.draw(chosen.batch, self.generator)
        observations, actions, rewards, discounts, following = batch
        with torch.no_grad():
            values = self.target(following)
            if chosen.double:
                targets = double_q(rewards, discounts, values, self.network(following))
            else:
                targets = q_learning(rewards, discounts, values)
        q = self.network(observations).gather(1, actions[:, None]).squeeze(1)
        loss = nn.functional.smooth_l1_loss(q, targets)
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), chosen.max_gradient_norm)
        self.optimiser.step()
        self._updates += 1
        if self._updates % chosen.target_period == 0:
            self.target.load_state_dict(self.network.state_dict())
