"""Maximum likelihood with label smoothing (Szegedy et al. 2016, section 7)."""

from __future__ import annotations

from collections.abc import Mapping

from torch import nn

from latimer.nn.output import smoothed_cross_entropy
from latimer.nn.seq2seq import Seq2Seq, pack
from latimer.recipe.objectives.kinds import LikelihoodSettings
from latimer.text.batching import Batch
from latimer.train.objectives.build import Ingredients
from latimer.train.objectives.objective import Loss


class Likelihood:
    """The mean label-smoothed cross-entropy of a network under teacher forcing, nats a label."""

    figures = ("nll",)
    trained = ("network",)

    def __init__(self, network: Seq2Seq, smoothing: float) -> None:
        """`smoothing` is the probability spread evenly over the vocabulary, 0 to 1."""
        self.network = network
        self.smoothing = smoothing

    @property
    def modules(self) -> dict[str, nn.Module]:
        """The network alone."""
        return {"network": self.network}

    def loss(self, batch: Batch) -> Loss:
        """The loss of `batch`; `nll` is the cross-entropy without smoothing.

        Only real labels are computed, never padding.
        """
        network, weight = self.network, batch.tokens
        memory = network.encode(batch.source, batch.source_lengths)
        features = network.features(memory, batch.inputs, batch.target_lengths)
        labels = pack(batch.labels, batch.target_lengths)
        sums = smoothed_cross_entropy(features, network.output, labels, self.smoothing)
        return Loss(sums.loss / weight, weight, {"nll": sums.nll.detach() / weight})

    def updated(self, figures: Mapping[str, float]) -> None:
        """Nothing to update."""


def build(settings: LikelihoodSettings, made: Ingredients) -> Likelihood:
    """The objective with the label smoothing of the recipe."""
    return Likelihood(made.network, made.recipe.training.label_smoothing)
