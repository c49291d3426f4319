"""Minimum risk training: the expected score over a few translations (Shen et al. 2016)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from latimer.nn.dropout import silence
from latimer.nn.rl.policy import policy_gradient
from latimer.nn.seq2seq import Seq2Seq
from latimer.recipe.objectives.kinds import MinimumRiskSettings
from latimer.text.batching import Batch
from latimer.train.objectives.build import Ingredients
from latimer.train.objectives.deduplication import deduplicated, firsts
from latimer.train.objectives.objective import Loss
from latimer.train.objectives.reference_loss import negative_log_likelihood
from latimer.train.objectives.reinforce import FIGURES, trajectory_figures
from latimer.train.objectives.trajectories import Draw, Trajectories, features_of


class MinimumRisk:
    """Maximises Σ_y Q(y) score(y) over the distinct translations y sampled for a sentence.

    Q(y) = p(y)^α / Σ p(y')^α (Shen et al. 2016, equation 7). With a small `sharpness` α, Q is
    nearly uniform; with a large one only the most probable translation counts.
    """

    figures = (*FIGURES, "risk")
    trained = ("network",)

    def __init__(
        self, network: Seq2Seq, draw: Draw, *, sharpness: float = 0.005, likelihood: float = 0.0
    ) -> None:
        """`draw` samples the trajectories; `likelihood` is as in `Reinforce`."""
        self.network, self.draw = network, draw
        self.sharpness, self.likelihood = sharpness, likelihood

    @property
    def modules(self) -> dict[str, nn.Module]:
        """The network alone."""
        return {"network": self.network}

    def loss(self, batch: Batch) -> Loss:
        """The loss of `batch`, a mean over its sentences; `risk` is 1 less the expected score."""
        found = self.draw(self.network, batch)
        several = deduplicated(found)
        distinct = several.distinct
        with silence():
            features = features_of(self.network, batch, distinct)
        log_probs, scores = found.grouped(found.log_probs), found.grouped(found.scores)
        expected, slopes = expected_score(log_probs, scores, different(found), self.sharpness)
        weights = found.scattered(slopes)[:, None].expand(found.actions.shape)
        # Probabilities are over all tokens, although banned ones are never sampled.
        surrogate = policy_gradient(
            features, self.network.output, distinct.packed(distinct.actions),
            several.summed(found.packed(weights)), first=0,
        )  # fmt: skip
        sentences = len(batch.source)
        value = surrogate.loss / sentences
        if self.likelihood:
            negative = negative_log_likelihood(self.network, batch)
            value = value + self.likelihood * negative / sentences
        expanded = several.expanded(surrogate)
        figures = trajectory_figures(found, batch, expanded.log_probs, expanded.peaks)
        return Loss(value, sentences, figures | {"risk": 1 - expected.mean()})

    def updated(self, figures: Mapping[str, float]) -> None:
        """Nothing to update."""


def expected_score(
    log_probs: Tensor, scores: Tensor, counted: Tensor, sharpness: float
) -> tuple[Tensor, Tensor]:
    """Σ Q score of each sentence `[batch]`, and its derivatives by the log-probabilities.

    `log_probs`, `scores` and `counted` (which translations take part, at least one) and the
    derivatives are `[batch, samples]`: ∂/∂log p(y) = α Q(y) (score(y) − Σ Q score).
    """
    sharpened = (sharpness * log_probs.double()).masked_fill(~counted, -torch.inf)
    share = sharpened.softmax(1).to(scores.dtype)
    expected = (share * scores).sum(1)
    return expected, sharpness * share * (scores - expected[:, None])


def different(found: Trajectories) -> Tensor:
    """Which translations of a sentence differ from all samples before, `[batch, samples]`."""
    first = firsts(found)
    return found.grouped(first == torch.arange(len(first), device=first.device))


def build(settings: MinimumRiskSettings, made: Ingredients) -> MinimumRisk:
    """The objective of a recipe."""
    return MinimumRisk(
        made.network, made.draw(settings),
        sharpness=settings.sharpness, likelihood=settings.likelihood,
    )  # fmt: skip
