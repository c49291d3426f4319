"""A learned model of the environment, and planning in it (model predictive control).

An ensemble of networks learns the change of the observation, the reward and whether the episode
terminates
(Nagabandi et al. 2018; Chua et al. 2018). To act, sequences of actions are simulated in the
model, and the first action of the best is taken. They are optimised by the cross-entropy method:
each round is drawn from a distribution fitted to the best of the last (Rubinstein 1999).
"""

from __future__ import annotations

import gymnasium
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from latimer.errors import InputError
from latimer.rl.deep.networks import MLP
from latimer.rl.deep.replay import Replay
from latimer.rl.deep.settings import Dynamics as Settings
from latimer.rl.deep.spaces import Spaces
from latimer.rl.deep.vector_env import VectorEnv


class Model(nn.Module):
    """An ensemble: `(observation, action)` to the change, the reward and the logit of continuing.

    Inputs and changes are brought to mean 0 and deviation 1 by what has been seen.
    """

    inputs_mean: Tensor
    inputs_deviation: Tensor
    outputs_mean: Tensor
    outputs_deviation: Tensor

    def __init__(
        self, features: int, actions: int, settings: Settings, generator: torch.Generator
    ) -> None:
        super().__init__()
        sizes = (features + actions, *settings.hidden, features + 2)
        self.members = nn.ModuleList(MLP(sizes, 1.0, generator) for _ in range(settings.members))
        self.features = features
        for name, width in (("inputs", features + actions), ("outputs", features + 1)):
            self.register_buffer(f"{name}_mean", torch.zeros(width))
            self.register_buffer(f"{name}_deviation", torch.ones(width))

    def fit_scales(self, inputs: Tensor, outputs: Tensor) -> None:
        """Set means and deviations to those of `inputs` and `outputs [steps, …]`."""
        for name, values in (("inputs", inputs), ("outputs", outputs)):
            getattr(self, f"{name}_mean").copy_(values.mean(0))
            getattr(self, f"{name}_deviation").copy_(values.std(0).clamp(min=1e-3))

    def loss(self, inputs: Tensor, outputs: Tensor, continues: Tensor) -> Tensor:
        """Squared error of changes and rewards plus the cross-entropy of continuing.

        `inputs [members, batch, …]`: every member has a batch of its own.
        """
        scaled = (inputs - self.inputs_mean) / self.inputs_deviation
        targets = (outputs - self.outputs_mean) / self.outputs_deviation
        found = torch.stack([m(x) for m, x in zip(self.members, scaled, strict=True)])
        error = (found[..., :-1] - targets).square().mean()
        ends = nn.functional.binary_cross_entropy_with_logits(found[..., -1], continues)
        return error + ends

    @torch.no_grad()
    def step(self, observations: Tensor, actions: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The mean prediction: next observations, rewards, and the probability of continuing."""
        inputs = torch.cat([observations, actions], -1)
        scaled = (inputs - self.inputs_mean) / self.inputs_deviation
        found = torch.stack([member(scaled) for member in self.members]).mean(0)
        change = found[..., :-1] * self.outputs_deviation + self.outputs_mean
        following = observations + change[..., : self.features]
        return following, change[..., self.features], found[..., -1].sigmoid()


class DynamicsLearner:
    """The model, the replay buffer and the planner."""

    def __init__(
        self, spaces: Spaces, settings: Settings, generator: torch.Generator, device: torch.device
    ) -> None:
        space = spaces.actions
        if settings.elite > settings.candidates:
            raise InputError(
                f"dynamics: elite {settings.elite} cannot be more than the {settings.candidates} "
                "candidates; lower elite or raise candidates"
            )
        self.settings, self.device, self.generator = settings, device, generator
        self.discrete = isinstance(space, gymnasium.spaces.Discrete)
        if isinstance(space, gymnasium.spaces.Discrete):
            self.width, self.first = int(space.n), int(space.start)
        elif isinstance(space, gymnasium.spaces.Box) and space.is_bounded():
            self.width, self.shape = int(np.prod(space.shape)), space.shape
            self.low = torch.as_tensor(space.low.ravel(), device=device)
            self.high = torch.as_tensor(space.high.ravel(), device=device)
        else:
            raise InputError(f"dynamics needs bounded actions, not {space}; choose ppo")
        start = torch.Generator().manual_seed(generator.initial_seed())
        self.model = Model(spaces.features, self.width, settings, start).to(device)
        self.optimiser = torch.optim.Adam(
            self.model.parameters(), lr=settings.learning_rate, fused=True
        )
        self.replay = Replay(settings.replay, spaces.features, device, self.width)
        self._trained, self._plan = 0, [torch.empty(0)] * settings.copies

    @property
    def modules(self) -> dict[str, nn.Module]:
        """By name."""
        return {"model": self.model}

    def act(self, observations: Tensor) -> Tensor:
        """The first action of a new plan for each `[copies, features]`: `[copies, width]`."""
        return torch.stack([self._planned(row, None)[0] for row in observations])

    def sample(self, observations: Tensor) -> Tensor:
        """As `act`: a plan is drawn anew every time."""
        return self.act(observations)

    def to_environment(self, actions: Tensor) -> NDArray[np.generic]:
        """Actions as the environment takes them."""
        if self.discrete:
            chosen: NDArray[np.generic] = actions.argmax(-1).cpu().numpy() + self.first
            return chosen
        return actions.cpu().numpy().reshape(len(actions), *self.shape)

    def learn(self, envs: VectorEnv, remaining: float) -> None:
        """A step of every copy, and training when it is due."""
        chosen = self.settings
        observations = torch.as_tensor(envs.observation, device=self.device)
        if envs.steps < chosen.warmup:
            actions = self._random(len(observations))
        else:
            pairs = zip(observations, self._plan, strict=True)
            plans = [self._planned(row, old) for row, old in pairs]
            self._plan = [plan[1:] for plan in plans]
            actions = torch.stack([plan[0] for plan in plans])
        step = envs.step(self.to_environment(actions))
        following = torch.as_tensor(step.observation, device=self.device)
        valid = torch.as_tensor(step.valid, device=self.device)
        rewards = torch.as_tensor(step.reward, device=self.device)
        continues = torch.as_tensor(~step.terminated, device=self.device).to(torch.float32)
        parts = observations, actions, rewards, continues, following
        self.replay.add(*(part[valid] for part in parts))
        for copy in np.flatnonzero(~step.valid):
            self._plan[copy] = torch.empty(0)
        if envs.steps >= max(chosen.warmup, self._trained + chosen.period):
            self._trained = envs.steps
            self._fit()

    def _random(self, count: int) -> Tensor:
        if self.discrete:
            drawn = torch.randint(
                self.width, (count,), generator=self.generator, device=self.device
            )
            return nn.functional.one_hot(drawn, self.width).float()
        uniform = torch.rand(count, self.width, generator=self.generator, device=self.device)
        return self.low + uniform * (self.high - self.low)

    def _fit(self) -> None:
        chosen = self.settings
        observations, actions, rewards, continues, following = self.replay.held()
        inputs = torch.cat([observations, actions], 1)
        outputs = torch.cat([following - observations, rewards[:, None]], 1)
        self.model.fit_scales(inputs, outputs)
        shape = (chosen.updates, chosen.members, min(chosen.batch, len(inputs)))
        drawn = torch.randint(len(inputs), shape, generator=self.generator, device=self.device)
        for places in drawn:
            loss = self.model.loss(inputs[places], outputs[places], continues[places])
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()

    def _planned(self, observation: Tensor, old: Tensor | None) -> Tensor:
        """Actions `[horizon, width]` from one observation; `old` is the last one's rest."""
        chosen = self.settings
        centre, spread = self._first_guess(old)
        best, best_value = centre, torch.tensor(-torch.inf, device=self.device)
        for _ in range(chosen.rounds):
            candidates = self._candidates(centre, spread)
            values = self._values(observation, candidates)
            order = values.topk(chosen.elite).indices
            elite = candidates[order]
            if values[order[0]] > best_value:
                best, best_value = elite[0], values[order[0]]
            centre = chosen.smoothing * centre + (1 - chosen.smoothing) * elite.mean(0)
            spread = chosen.smoothing * spread + (1 - chosen.smoothing) * elite.std(0)
        return best

    def _first_guess(self, old: Tensor | None) -> tuple[Tensor, Tensor]:
        horizon = self.settings.horizon
        if self.discrete:
            centre = torch.full((horizon, self.width), 1 / self.width, device=self.device)
            spread = torch.zeros_like(centre)
        else:
            centre = ((self.low + self.high) / 2).repeat(horizon, 1)
            spread = ((self.high - self.low) / 2).repeat(horizon, 1)
        if old is not None and len(old):
            share = 0.5 if self.discrete else 1.0  # a discrete plan still leaves room for others
            centre[: len(old)] = share * old + (1 - share) * centre[: len(old)]
        return centre, spread

    def _candidates(self, centre: Tensor, spread: Tensor) -> Tensor:
        """`[candidates, horizon, width]`: normal around the centre, or drawn by its weights."""
        count = self.settings.candidates
        shape = (count, *centre.shape)
        if self.discrete:
            noise = torch.empty(shape, device=self.device).exponential_(generator=self.generator)
            drawn = (centre.clamp(min=0.02) / noise).argmax(-1)
            return nn.functional.one_hot(drawn, self.width).float()
        noise = torch.empty(shape, device=self.device).normal_(generator=self.generator)
        return torch.clamp(centre + spread * noise, self.low, self.high)

    def _values(self, observation: Tensor, candidates: Tensor) -> Tensor:
        """The return of each sequence in the model `[candidates]`."""
        observations = observation.expand(len(candidates), -1)
        total = torch.zeros(len(candidates), device=self.device)
        weight = torch.ones_like(total)
        for time in range(candidates.shape[1]):
            observations, reward, continues = self.model.step(observations, candidates[:, time])
            total = total + weight * reward
            weight = weight * continues * self.settings.discount
        return total
