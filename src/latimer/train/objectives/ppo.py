"""Proximal policy optimisation on whole translations (Schulman et al. 2017)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from latimer.nn.dropout import silence
from latimer.nn.rl.critic import delayed, update_target
from latimer.nn.rl.policy import action_log_probs, policy_gradient
from latimer.nn.seq2seq import Seq2Seq
from latimer.recipe.objectives.kinds import PpoSettings
from latimer.text.batching import Batch
from latimer.train.objectives.actor_critic import log_probs_of
from latimer.train.objectives.build import Ingredients
from latimer.train.objectives.deduplication import deduplicated
from latimer.train.objectives.objective import Loss
from latimer.train.objectives.reference_loss import negative_log_likelihood
from latimer.train.objectives.reinforce import FIGURES, trajectory_figures
from latimer.train.objectives.trajectories import Draw, Trajectories, features_of, first_action
from latimer.train.objectives.update_count import UpdateCount


@dataclass(frozen=True)
class PolicyLimits:
    """Settings that limit the change of the policy.

    clip: ε, how far the probability ratio to the sampling policy may be from 1; kl_weight: reward
    lost per nat of log-probability above that of the initial network; sync_every: updates after
    which the sampling policy is set to the current one.
    """

    clip: float = 0.2
    kl_weight: float = 0.02
    sync_every: int = 4


class Ppo:
    """Maximises the clipped objective (Schulman et al. 2017, equation 7) on sampled translations.

    They are sampled from a policy that is updated every `sync_every` updates. A translation's score
    is reduced by `kl_weight` (log π − log π_0), with π_0 the initial network (Ziegler et al. 2019,
    equation 2); the mean of the sentence's other translations is its baseline.
    """

    figures = (*FIGURES, "kl", "clipped")
    trained = ("network",)

    def __init__(
        self, network: Seq2Seq, draw: Draw, limits: PolicyLimits, *, likelihood: float = 0.0
    ) -> None:
        """`draw` samples the trajectories, at least 2 for each sentence."""
        self.network, self.draw, self.limits = network, draw, limits
        self.likelihood = likelihood
        self.old, self.start = delayed(network), delayed(network)
        self.age = UpdateCount()

    @property
    def modules(self) -> dict[str, nn.Module]:
        """The network, the sampling policy, the initial network and the number of updates."""
        return {"network": self.network, "old": self.old, "start": self.start, "age": self.age}

    def loss(self, batch: Batch) -> Loss:
        """The loss of `batch`, a mean over its sentences.

        `kl` is the mean of log π − log π_0, nats per translation; `clipped` the share of actions
        whose gradient is 0 because the ratio is clipped.
        """
        found, temperature = self.draw(self.old, batch), self.draw.temperature
        several = deduplicated(found)
        distinct = several.distinct
        before = log_probs_of(self.old, batch, distinct, temperature)
        drift = several.every(before - log_probs_of(self.start, batch, distinct, temperature))
        drifts = _by_row(found, drift)
        scores = found.grouped(found.scores - self.limits.kl_weight * drifts)
        advantages = (scores - scores.mean(1, keepdim=True)) * (found.samples / (found.samples - 1))
        every = found.scattered(advantages)[:, None].expand(found.actions.shape)
        actions, first = distinct.packed(distinct.actions), first_action()
        with silence():
            features = features_of(self.network, batch, distinct)
        layer = self.network.output
        now = action_log_probs(features, layer, actions, first=first, temperature=temperature)
        moved = several.every(now - before)
        weights, clipped = clipped_weights(moved, found.packed(every), self.limits.clip)
        surrogate = policy_gradient(
            features, layer, actions, several.summed(weights), first=first, temperature=temperature
        )
        sentences = len(batch.source)
        value = surrogate.loss / (found.samples * sentences)
        if self.likelihood:
            negative = negative_log_likelihood(self.network, batch)
            value = value + self.likelihood * negative / sentences
        expanded = several.expanded(surrogate)
        figures = trajectory_figures(found, batch, expanded.log_probs, expanded.peaks)
        moves = {"kl": drifts.mean(), "clipped": clipped.to(drift.dtype).mean()}
        return Loss(value, sentences, figures | moves)

    def updated(self, figures: Mapping[str, float]) -> None:
        """Set the sampling policy to the current one every `sync_every` updates."""
        self.age.updates += 1
        if int(self.age.updates) % self.limits.sync_every == 0:
            update_target(self.old, self.network, 1.0)


def clipped_weights(moved: Tensor, advantages: Tensor, clip: float) -> tuple[Tensor, Tensor]:
    """Weights of ∇log π that give the gradient of min(ρ A, clip(ρ) A), and which are 0, `[tokens]`.

    `moved [tokens]` is log ρ, the current log-probability minus that of the sampling policy.
    """
    ratio = moved.exp()
    clipped = torch.where(advantages > 0, ratio > 1 + clip, ratio < 1 - clip) & (advantages != 0)
    return (ratio * advantages).masked_fill(clipped, 0.0), clipped


def _by_row(found: Trajectories, packed: Tensor) -> Tensor:
    """Sums of packed values `[tokens]` over the actions of each row, `[rows]`."""
    rows = torch.arange(len(found.actions), device=packed.device)
    places = found.packed(rows[:, None].expand(found.actions.shape))
    return packed.new_zeros(len(rows)).index_add_(0, places, packed)


def build(settings: PpoSettings, made: Ingredients) -> Ppo:
    """The objective of a recipe."""
    limits = PolicyLimits(settings.clip, settings.kl_weight, settings.sync_every)
    return Ppo(made.network, made.draw(settings), limits, likelihood=settings.likelihood)
