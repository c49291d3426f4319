"""MIXER: from cross-entropy to REINFORCE, ends of sentences first (Ranzato et al. 2016)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from latimer.nn.dropout import silence
from latimer.nn.output import smoothed_cross_entropy
from latimer.nn.rl.policy import policy_gradient
from latimer.nn.seq2seq import Seq2Seq, pack
from latimer.recipe.objectives.kinds import MixerSettings
from latimer.search.scorer import Scorer
from latimer.search.tracked import Tracked
from latimer.text.batching import Batch
from latimer.text.vocabulary.subwords import EOS
from latimer.train.objectives.baselines import BASELINES, Baseline
from latimer.train.objectives.build import Ingredients
from latimer.train.objectives.objective import Loss
from latimer.train.objectives.reinforce import FIGURES, trajectory_figures
from latimer.train.objectives.trajectories import Draw, Trajectories, features_of, first_action
from latimer.train.objectives.update_count import UpdateCount


class Mixer:
    """Cross-entropy on prefixes of references, and REINFORCE on their sampled continuations.

    Of a reference of T pieces, EOS included, the first T − kΔ are the prefix (section 3.2.2,
    algorithm 1). k starts at 1 and grows by 1 every `every` updates, until prefixes are empty.
    """

    def __init__(
        self, network: Seq2Seq, draw: Draw, baseline: Baseline, *, delta: int, every: int
    ) -> None:
        """`delta` is Δ in tokens, `every` the updates between two steps of the schedule.

        `draw` and `baseline` are as in `Reinforce`; the paper's is `baselines.LearnedValue`.
        """
        self.network, self.draw, self.baseline = network, draw, baseline
        self.delta, self.every = delta, every
        self.clock = UpdateCount()

    @property
    def modules(self) -> dict[str, nn.Module]:
        """The network, the number of updates, and the modules of the baseline."""
        return {"network": self.network, "clock": self.clock, **self.baseline.modules}

    @property
    def trained(self) -> tuple[str, ...]:
        """The network, and the baseline where it learns by gradients."""
        return ("network", *self.baseline.trained)

    @property
    def figures(self) -> tuple[str, ...]:
        """Figures of trajectories and of the baseline, and `given`, the share of prefix tokens."""
        return (*FIGURES, *self.baseline.figures, "given")

    def loss(self, batch: Batch) -> Loss:
        """The loss of `batch`, a mean over its sentences."""
        prefix_lengths, sentences = self.prefix_lengths(batch), len(batch.source)
        forced = ForcedPrefix(self.network, writable(batch.labels, prefix_lengths))
        found = self.draw(forced, batch)
        with silence():
            features = features_of(self.network, batch, found)
        advantages, own = self.baseline.advantages(
            found, features.values, self.network, batch, self.draw
        )
        sampled = found.packed(after_prefix(found, prefix_lengths))
        surrogate = policy_gradient(
            features, self.network.output, found.packed(found.actions), advantages * sampled,
            first=first_action(), temperature=self.draw.temperature,
        )  # fmt: skip
        negative = negative_log_likelihood_of(self.network, batch, prefix_lengths)
        value = ((surrogate.loss + own) / found.samples + negative) / sentences
        shown = sampled if bool(sampled.any()) else ~sampled  # figures of sampled actions
        peaks = surrogate.peaks._replace(one=surrogate.peaks.one[shown])
        figures = trajectory_figures(found, batch, surrogate.log_probs[shown], peaks)
        share = prefix_lengths.sum() / batch.target_lengths.sum()
        figures |= {"given": share.to(surrogate.loss.dtype)}
        return Loss(value, sentences, figures | self.baseline.diagnostics(found, advantages))

    def prefix_lengths(self, batch: Batch) -> Tensor:
        """The current length of the prefix of each reference, `[batch]`."""
        steps = 1 + int(self.clock.updates) // self.every
        return (batch.target_lengths - steps * self.delta).clamp(min=0)

    def updated(self, figures: Mapping[str, float]) -> None:
        """Count the update, and update the baseline."""
        self.clock.updates += 1
        self.baseline.updated(figures)


def negative_log_likelihood_of(network: Seq2Seq, batch: Batch, prefix_lengths: Tensor) -> Tensor:
    """−Σ log p of the first `prefix_lengths [batch]` pieces of each reference, nats, `[]`.

    Dropout is that of the network's mode.
    """
    if not bool(prefix_lengths.any()):
        return prefix_lengths.new_zeros((), dtype=network.output.weight.dtype)
    memory = network.encode(batch.source, batch.source_lengths)
    features = network.features(memory, batch.inputs, batch.target_lengths)
    labels = pack(batch.labels, batch.target_lengths)
    time = torch.arange(batch.labels.shape[1], device=prefix_lengths.device)
    given = pack(time < prefix_lengths[:, None], batch.target_lengths)
    return smoothed_cross_entropy(features.part(given), network.output, labels[given], 0.0).loss


def after_prefix(found: Trajectories, prefix_lengths: Tensor) -> Tensor:
    """Which actions come after the prefix of their sentence, `[rows, time]`."""
    time = torch.arange(found.actions.shape[1], device=prefix_lengths.device)
    return time >= prefix_lengths[found.sentences][:, None]


def writable(references: Tensor, prefix_lengths: Tensor) -> Tensor:
    """The prefixes of `references [batch, time]`, followed by −1.

    A prefix ends before a token that search never writes, such as UNK.
    """
    time = torch.arange(references.shape[1], device=references.device)
    inside = (time < prefix_lengths[:, None]) & (references >= EOS).cumprod(1).bool()
    return references.masked_fill(~inside, -1)


class Prescribed(NamedTuple):
    """The tokens that are still prescribed, `[rows, time]`, −1 behind them."""

    tokens: Tensor


class ForcedPrefix:
    """A scorer whose first tokens are prescribed; each of them has log-probability 0."""

    def __init__(self, scorer: Scorer[Any], tokens: Tensor) -> None:
        """`tokens [batch, time]` of each sentence, −1 behind the prefix."""
        self.scorer, self.tokens = scorer, tokens

    def start(self, source: Tensor, lengths: Tensor) -> Tracked[Prescribed]:
        """See `Scorer`."""
        return Tracked(self.scorer.start(source, lengths), Prescribed(self.tokens))

    def step(
        self, state: Tracked[Prescribed], tokens: Tensor
    ) -> tuple[Tensor, Tracked[Prescribed]]:
        """See `Scorer`; the state holds the prescribed tokens that are still to come."""
        (forced,) = state.rows
        scores, inner = self.scorer.step(state.inner, tokens)
        if forced.shape[1]:
            wanted = forced[:, :1]
            alone = torch.full_like(scores, -torch.inf)
            alone.scatter_(1, wanted.clamp(min=0), torch.zeros_like(scores[:, :1]))
            scores = torch.where(wanted >= 0, alone, scores)
        return scores, Tracked(inner, Prescribed(forced[:, 1:]))


def build(settings: MixerSettings, made: Ingredients) -> Mixer:
    """The objective with the baseline that its settings name."""
    draw = made.draw(settings)
    baseline = BASELINES[settings.baseline](made.recipe.model.readout)
    return Mixer(
        made.network, draw, baseline,
        delta=settings.mixer_delta, every=settings.mixer_delta_updates,
    )  # fmt: skip
