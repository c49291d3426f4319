"""REINFORCE on the score of whole translations (Williams 1992; Ranzato et al. 2016)."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from latimer.nn.dropout import silence
from latimer.nn.rl.policy import Peaks, policy_gradient
from latimer.nn.seq2seq import Seq2Seq
from latimer.recipe.objectives.kinds import ReinforceSettings
from latimer.text.batching import Batch
from latimer.train.objectives.baselines import BASELINES, Baseline
from latimer.train.objectives.build import Ingredients
from latimer.train.objectives.deduplication import deduplicated
from latimer.train.objectives.objective import Loss
from latimer.train.objectives.reference_loss import negative_log_likelihood
from latimer.train.objectives.trajectories import Draw, Trajectories, features_of, first_action

FIGURES = ("reward", "length_ratio", "entropy", "peak", "top10")


class Reinforce:
    """Maximises the expected score of translations sampled from the network.

    The gradient is that of −Σ_t A_t log π(a_t | source, prefix), with the advantages A of a
    `baseline`. With `likelihood` > 0, that multiple of the references' log-likelihood is added, as
    in the mixed objective of Wu et al. 2016 (equation 9).
    """

    def __init__(
        self, network: Seq2Seq, draw: Draw, baseline: Baseline, *, likelihood: float = 0.0
    ) -> None:
        """`draw` samples the trajectories."""
        self.network, self.draw, self.baseline = network, draw, baseline
        self.likelihood = likelihood

    @property
    def modules(self) -> dict[str, nn.Module]:
        """The network, and the modules of the baseline."""
        return {"network": self.network, **self.baseline.modules}

    @property
    def trained(self) -> tuple[str, ...]:
        """The network, and the baseline if it is trained by gradients."""
        return ("network", *self.baseline.trained)

    @property
    def figures(self) -> tuple[str, ...]:
        """Figures of trajectories (`trajectory_figures`) and of the baseline."""
        return (*FIGURES, *self.baseline.figures)

    def loss(self, batch: Batch) -> Loss:
        """The loss of `batch`, a mean over its sentences."""
        found = self.draw(self.network, batch)
        several = deduplicated(found)
        distinct = several.distinct
        with silence():
            features = features_of(self.network, batch, distinct)
        advantages, own = self.baseline.advantages(
            found, several.every(features.values.detach()), self.network, batch, self.draw
        )
        surrogate = policy_gradient(
            features, self.network.output, distinct.packed(distinct.actions),
            several.summed(advantages),
            first=first_action(), temperature=self.draw.temperature,
        )  # fmt: skip
        sentences = len(batch.source)
        value = (surrogate.loss + own) / (found.samples * sentences)
        if self.likelihood:
            negative = negative_log_likelihood(self.network, batch)
            value = value + self.likelihood * negative / sentences
        expanded = several.expanded(surrogate)
        figures = trajectory_figures(found, batch, expanded.log_probs, expanded.peaks)
        return Loss(value, sentences, figures | self.baseline.diagnostics(found, advantages))

    def updated(self, figures: Mapping[str, float]) -> None:
        """Update the baseline."""
        self.baseline.updated(figures)


def trajectory_figures(
    found: Trajectories, batch: Batch, log_probs: Tensor, peaks: Peaks
) -> dict[str, Tensor]:
    """The figures of trajectories, `FIGURES`.

    reward: the mean score; length_ratio: actions divided by those of the references; entropy: the
    mean of −log π, an estimate of the policy's entropy, nats per action; peak and top10: the mean
    probability of the most probable action and of the ten most probable ones. `log_probs`
    `[tokens]` are those of the actions.
    """
    references = batch.target_lengths[found.sentences]
    return {
        "reward": found.scores.mean(),
        "length_ratio": found.lengths.sum() / references.sum(),
        "entropy": -log_probs.detach().mean(),
        "peak": peaks.one.mean(),
        "top10": peaks.top.mean(),
    }


def build(settings: ReinforceSettings, made: Ingredients) -> Reinforce:
    """The objective with the baseline that its settings name."""
    draw = made.draw(settings)
    baseline = BASELINES[settings.baseline](made.recipe.model.readout)
    return Reinforce(made.network, draw, baseline, likelihood=settings.likelihood)
