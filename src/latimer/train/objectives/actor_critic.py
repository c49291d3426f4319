"""The actor–critic of Bahdanau et al. 2017, algorithm 1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from latimer.nn.description import NetworkDescription
from latimer.nn.dropout import silence
from latimer.nn.output import Features
from latimer.nn.rl.critic import Critic, Values, build_critic, delayed, tied_inputs, update_target
from latimer.nn.rl.policy import Peaks, action_log_probs
from latimer.nn.seq2seq import Seq2Seq
from latimer.recipe import Recipe
from latimer.recipe.objectives.kinds import ActorCriticSettings, CriticOnlySettings
from latimer.rl.td_targets import monte_carlo
from latimer.text.batching import Batch
from latimer.train.objectives.actor_gradients import ACTOR_GRADIENTS, OWN_DRAWS, ActorLoss, Seen
from latimer.train.objectives.build import Ingredients
from latimer.train.objectives.critic_figures import CRITIC_FIGURES, critic_figures
from latimer.train.objectives.critic_targets import BOOTSTRAPS, TARGETS, Delayed, state_values
from latimer.train.objectives.deduplication import Deduplicated, deduplicated
from latimer.train.objectives.objective import Loss
from latimer.train.objectives.reference_loss import negative_log_likelihood
from latimer.train.objectives.reinforce import FIGURES, trajectory_figures
from latimer.train.objectives.trajectories import (
    Draw,
    Trajectories,
    features_of,
    first_action,
    less_others,
)

CRITIC = ("critic", "delayed_critic")
"""Modules that the next phase takes over if it has a critic too."""

FOREVER = 2**62
"""Pre-training updates of a critic that is trained alone."""


@dataclass(frozen=True)
class CriticSettings:
    """Settings of the critic's training and of the actor's gradient.

    target: a name of `critic_targets.TARGETS`; td_lambda: λ of λ-returns; penalty: λ_C, the weight
    of the variance of its values; target_update_rate: τ of the target critic;
    actor_target_update_rate: τ of the target actor; gradient: a name of
    `actor_gradients.ACTOR_GRADIENTS`.
    """

    target: str = "expected_sarsa"
    td_lambda: float = 0.9
    penalty: float = 1e-3
    target_update_rate: float = 0.02
    actor_target_update_rate: float = 0.02
    gradient: str = "all"


class ActorCritic:
    """A critic learns the values q of an actor's tokens; the actor maximises Σ_a π(a) q(a).

    Targets are computed with target networks of actor and critic (`delayed_…`). The actor's
    gradient is one of `ACTOR_GRADIENTS`, by default Σ_t Σ_a dπ(a | prefix)/dθ q(a) over all tokens
    a, plus `likelihood` times that of the references. Trajectories are sampled from the target
    actor, or from the actor itself where the gradient requires it.
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
        """`draw` samples the trajectories."""
        self.network, self.critic, self.draw = network, critic, draw
        self.settings, self.likelihood = settings, likelihood
        self.delayed_network, self.delayed_critic = delayed(network), delayed(critic)
        self.clock = _Clock(pretraining)

    @property
    def modules(self) -> dict[str, nn.Module]:
        """Actor and critic, their target networks, and the progress of pre-training."""
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
        """Figures of trajectories and of the critic; see `critic_figures`."""
        return (*FIGURES, *CRITIC_FIGURES)

    def loss(self, batch: Batch) -> Loss:
        """The sum of the actor's and the critic's loss, means over the sentences of `batch`.

        Neither loss has a gradient for the other network.
        """
        own = self.settings.gradient in OWN_DRAWS
        found = self.draw(self.network if own else self.delayed_network, batch)
        several, acts = deduplicated(found), self.clock.over
        distinct, times = several.distinct, several.times
        with silence():
            values = self._said(self.critic, distinct, batch)
            features = features_of(self.network, batch, distinct) if acts else None
            states = self._delayed(distinct, batch, features, values)
            rule = TARGETS[self.settings.target]
            targets = distinct.packed(rule(distinct, states, self.settings.td_lambda))
            actor = None
            if features is not None:
                actor = self._actor_loss(found, several, features, values, states)
        taken = values.taken(distinct.packed(distinct.actions))
        spread = values.spread(first_action())
        loss = (times * ((taken - targets).square() + self.settings.penalty * spread)).sum()
        figures = self._figures(found, several, batch, taken.detach(), actor)
        if actor is not None:
            loss = loss + actor.loss
        loss = loss / (found.samples * len(batch.source))
        if acts and self.likelihood:
            negative = negative_log_likelihood(self.network, batch)
            loss = loss + self.likelihood * negative / len(batch.source)
        return Loss(loss, len(batch.source), figures)

    def updated(self, figures: Mapping[str, float]) -> None:
        """Move the target networks towards the trained ones."""
        settings = self.settings
        update_target(self.delayed_critic, self.critic, settings.target_update_rate)
        if self.clock.over:
            update_target(self.delayed_network, self.network, settings.actor_target_update_rate)
        self.clock.left.sub_(1).clamp_(min=0)

    def _said(self, critic: Critic, found: Trajectories, batch: Batch) -> Values:
        said: Values = critic(batch, found.sentences, found.inputs, found.lengths)
        return said

    @torch.no_grad()
    def _delayed(
        self, found: Trajectories, batch: Batch, features: Features | None, values: Values
    ) -> Delayed:
        """Outputs of the target networks for all states, as far as the settings need them.

        `features` and `values` are the outputs of actor and critic, which are reused where the
        target network has an update rate of 1 and so is equal.
        """
        settings, critic = self.settings, self.delayed_critic
        at_once = settings.actor_target_update_rate == 1
        network = self.network if at_once else self.delayed_network
        none = torch.empty(0, device=found.actions.device)
        compares = features is not None and settings.gradient == "drawn"
        actor, said = Features(none), Values(critic.output, none, none)
        if compares or settings.target in ("expected_sarsa", "lambda_return"):
            read = features if at_once else None
            actor = features_of(network, batch, found) if read is None else read.detach()
        if compares or settings.target in BOOTSTRAPS:
            said = values if settings.target_update_rate == 1 else self._said(critic, found, batch)
        return Delayed(actor, network.output, said, first_action(), self.draw.temperature)

    def _actor_loss(
        self,
        found: Trajectories,
        several: Deduplicated,
        features: Features,
        said: Values,
        states: Delayed,
    ) -> ActorLoss:
        distinct = several.distinct
        seen = Seen(
            features, self.network.output, distinct.packed(distinct.actions),
            distinct.packed(monte_carlo(distinct.rewards, distinct.discounts)), said,
            lambda: distinct.packed(state_values(distinct, states)), several.times,
            lambda gains: several.summed(less_others(found, several.every(gains))),
            first_action(), self.draw.temperature,
        )  # fmt: skip
        return ACTOR_GRADIENTS[self.settings.gradient](seen)

    def _figures(
        self,
        found: Trajectories,
        several: Deduplicated,
        batch: Batch,
        values: Tensor,
        actor: ActorLoss | None,
    ) -> dict[str, Tensor]:
        if actor:
            peaks = actor.peaks._replace(one=several.every(actor.peaks.one))
            log_probs = several.every(actor.log_probs)
        else:  # the actor was not evaluated: log-probabilities are the model's at temperature 1
            none = values.new_zeros(1)
            peaks = Peaks(none, none)
            log_probs = found.log_probs.sum().to(values.dtype) / found.lengths.sum()
        figures = trajectory_figures(found, batch, log_probs, peaks)
        return figures | critic_figures(found, several.every(values))


class _Clock(nn.Module):
    """Remaining updates of pre-training."""

    left: Tensor

    def __init__(self, updates: int) -> None:
        super().__init__()
        self.register_buffer("left", torch.tensor(updates))

    @property
    def over(self) -> bool:
        return int(self.left) == 0


def log_probs_of(
    network: Seq2Seq, batch: Batch, found: Trajectories, temperature: float = 1.0
) -> Tensor:
    """Log π of the actions under `network`, packed, `[tokens]`; no gradient and no dropout."""
    with torch.no_grad(), silence():
        features = features_of(network, batch, found)
        return action_log_probs(
            features, network.output, found.packed(found.actions),
            first=first_action(), temperature=temperature,
        )  # fmt: skip


def build(settings: ActorCriticSettings, made: Ingredients) -> ActorCritic:
    """The objective of a recipe."""
    draw, pretraining = made.draw(settings), made.recipe.critic.pretraining
    return ActorCritic(
        made.network, _critic(made), draw, _critic_settings(made.recipe),
        likelihood=settings.likelihood, pretraining=pretraining,
    )  # fmt: skip


def build_critic_only(settings: CriticOnlySettings, made: Ingredients) -> ActorCritic:
    """The objective that only trains the critic."""
    draw = made.draw(settings)
    return ActorCritic(
        made.network, _critic(made), draw, _critic_settings(made.recipe), pretraining=FOREVER
    )


def _critic_settings(recipe: Recipe) -> CriticSettings:
    asked = recipe.critic
    return CriticSettings(
        asked.target, asked.td_lambda, asked.penalty, asked.target_update_rate,
        asked.which_actor_target_update_rate, asked.gradient,
    )  # fmt: skip


def _critic(made: Ingredients) -> Critic:
    """A critic with the actor's kind of cell and the sizes of section `critic`."""
    asked, network = made.recipe.critic, made.network
    read = network.encoder.embedding
    assert isinstance(read, nn.Embedding)
    return build_critic(
        critic_description(made.recipe), asked.reads, source_vocab=read.num_embeddings,
        target_vocab=network.decoder.embedding.num_embeddings,
        pointer=asked.which_head == "pointer",
    )  # fmt: skip


def critic_description(recipe: Recipe) -> NetworkDescription:
    """The description of the critic's network."""
    asked, half = recipe.critic, max(1, recipe.critic.size // 2)
    return NetworkDescription(
        cell=recipe.model.cell, embedding=asked.embedding, encoder_size=half,
        decoder_size=asked.size, attention_size=half, readout=asked.embedding,
        tied=tied_inputs(asked.reads, joint=recipe.subwords.joint), dropout=0.0,
    )  # fmt: skip
