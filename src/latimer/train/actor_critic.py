"""The actor–critic of Bahdanau et al. 2017, algorithm 1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from latimer.nn.critic import Critic, Values, delayed, follow
from latimer.nn.dropout import silence
from latimer.nn.policy import Peaks, action_log_probs, expected_values
from latimer.nn.seq2seq import Seq2Seq
from latimer.rl.td_targets import monte_carlo
from latimer.text.batching import Batch
from latimer.train.critic_figures import CRITIC_FIGURES, critic_figures
from latimer.train.critic_targets import BOOTSTRAPS, TARGETS, Delayed
from latimer.train.mixing import negative_log_likelihood
from latimer.train.objective import Loss
from latimer.train.reinforce import FIGURES, trajectory_figures
from latimer.train.trajectories import (
    Draw,
    Trajectories,
    features_of,
    first_action,
)


@dataclass(frozen=True)
class CriticSettings:
    """How a critic learns.

    target: a name of `critic_targets.TARGETS`; lambda_ of λ-returns; penalty: λ_C on the spread of
    its values; follow: how far the delayed networks go towards their originals at each update;
    correction: how much of what the critic missed of the actions taken the actor learns from too.
    """

    target: str = "expected_sarsa"
    lambda_: float = 0.9
    penalty: float = 1e-3
    follow: float = 0.02
    correction: float = 0.0


class ActorCritic:
    """A critic learns the values of an actor's tokens; the actor raises Σ_a π(a) q(a) in return.

    Trajectories are drawn from a delayed actor, targets made with it and a delayed critic. The
    actor's gradient is Σ_t Σ_a dπ(a | prefix)/dθ q(a) of every token, not only of those drawn,
    and `likelihood` times that of the references. It is as wrong as the critic is; with a
    correction of 1, which adds dlog π(a_t)/dθ times the return less q(a_t), it is right in the mean
    and varies the less the better the critic (Gu et al. 2017; what is between, in their 2017b).
    """

    def __init__(
        self,
        network: Seq2Seq,
        critic: Critic,
        draw: Draw,
        settings: CriticSettings,
        *,
        likelihood: float = 0.0,
        pretraining: int = 0,
    ) -> None:
        """`draw` makes the trajectories."""
        self.network, self.critic, self.draw = network, critic, draw
        self.settings, self.likelihood = settings, likelihood
        self.delayed_network, self.delayed_critic = delayed(network), delayed(critic)
        self.clock = _Clock(pretraining)

    @property
    def modules(self) -> dict[str, nn.Module]:
        """Actor and critic, their delayed copies, and how far pre-training has come."""
        return {
            "network": self.network,
            "critic": self.critic,
            "delayed_network": self.delayed_network,
            "delayed_critic": self.delayed_critic,
            "clock": self.clock,
        }

    @property
    def trained(self) -> tuple[str, ...]:
        """Actor and critic."""
        return ("network", "critic")

    @property
    def figures(self) -> tuple[str, ...]:
        """Those of trajectories, and the critic's: see `critic_figures`."""
        return (*FIGURES, *CRITIC_FIGURES)

    def loss(self, batch: Batch) -> Loss:
        """The sum of actor's and critic's losses, means over the sentences of `batch`.

        Neither gives the other a gradient.
        """
        found, acts = self.draw(self.delayed_network, batch), self.clock.over
        with silence():
            values = self._said(self.critic, found, batch)
            targets = found.packed(self._targets(found, batch))
            actor = self._actor_loss(found, batch, values) if acts else None
        taken = values.taken(found.packed(found.actions))
        spread = values.spread(first_action())
        loss = (taken - targets).square().sum() + self.settings.penalty * spread.sum()
        figures = self._figures(found, batch, taken.detach(), actor)
        if actor is not None:
            loss = loss + actor.loss
        loss = loss / (found.samples * len(batch.source))
        if acts and self.likelihood:
            negative = negative_log_likelihood(self.network, batch)
            loss = loss + self.likelihood * negative / len(batch.source)
        return Loss(loss, len(batch.source), figures)

    def updated(self, figures: Mapping[str, float]) -> None:
        """Let the delayed networks follow."""
        follow(self.delayed_critic, self.critic, self.settings.follow)
        if self.clock.over:
            follow(self.delayed_network, self.network, self.settings.follow)
        self.clock.left.sub_(1).clamp_(min=0)

    def _said(self, critic: Critic, found: Trajectories, batch: Batch) -> Values:
        said: Values = critic(batch, found.sentences, found.inputs, found.lengths)
        return said

    @torch.no_grad()
    def _targets(self, found: Trajectories, batch: Batch) -> Tensor:
        """What the critic should say of each action, `[rows, time]`."""
        network, critic, settings = self.delayed_network, self.delayed_critic, self.settings
        none = torch.empty(0, device=found.actions.device)
        asked = settings.target in BOOTSTRAPS
        follows = settings.target in ("expected_sarsa", "lambda_return")
        states = Delayed(
            features_of(network, batch, found) if follows else none,
            network.output,
            self._said(critic, found, batch) if asked else Values(critic.output, none, none),
            first_action(),
            self.draw.temperature,
        )
        return TARGETS[settings.target](found, states, settings.lambda_)

    def _actor_loss(self, found: Trajectories, batch: Batch, said: Values) -> _Actor:
        """−Σ_t Σ_a π(a) q(a) over the states of the trajectories, and what is told of π there."""
        network = self.network
        features = features_of(network, batch, found)
        expected = expected_values(
            features, network.output, partial(said.compared, first=first_action()),
            first=first_action(), temperature=self.draw.temperature,
            taken=(found.packed(found.actions), self._missed(found, said)),
        )  # fmt: skip
        return _Actor(-expected.total, expected.peaks)

    def _missed(self, found: Trajectories, said: Values) -> Tensor:
        """What the critic missed of the actions taken, as far as the actor hears of it, packed."""
        actions = found.packed(found.actions)
        returns = found.packed(monte_carlo(found.rewards, found.discounts))
        return self.settings.correction * (returns - said.taken(actions).detach())

    def _figures(
        self, found: Trajectories, batch: Batch, values: Tensor, actor: _Actor | None
    ) -> dict[str, Tensor]:
        tokens = found.lengths.sum().to(values.dtype)
        drawn = -found.log_probs.sum().to(values.dtype) / tokens  # an entropy, of what was drawn
        none = values.new_zeros(1)
        peaks = actor.peaks if actor else Peaks(none, none)
        figures = trajectory_figures(found, batch, -drawn, peaks)
        return figures | critic_figures(found, values)


class _Clock(nn.Module):
    """Updates of pre-training that are left."""

    left: Tensor

    def __init__(self, updates: int) -> None:
        super().__init__()
        self.register_buffer("left", torch.tensor(updates))

    @property
    def over(self) -> bool:
        return int(self.left) == 0


@dataclass(frozen=True)
class _Actor:
    loss: Tensor
    peaks: Peaks


def log_probs_of(
    network: Seq2Seq, batch: Batch, found: Trajectories, temperature: float = 1.0
) -> Tensor:
    """Log π of the actions, packed, `[tokens]`, of any network; no gradient, nothing dropped."""
    with torch.no_grad(), silence():
        features = features_of(network, batch, found)
        return action_log_probs(
            features, network.output, found.packed(found.actions),
            first=first_action(), temperature=temperature,
        )  # fmt: skip
