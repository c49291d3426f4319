"""Scheduled sampling: the decoder learns to read its own tokens (Bengio et al. 2015)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from latimer.nn.dropout import generator, silence
from latimer.nn.output import smoothed_cross_entropy
from latimer.nn.seq2seq import Seq2Seq, pack
from latimer.recipe.objectives.kinds import ScheduledSamplingSettings
from latimer.text.batching import Batch
from latimer.text.vocabulary.subwords import EOS
from latimer.train.objectives.build import Ingredients
from latimer.train.objectives.objective import Loss
from latimer.train.objectives.update_count import UpdateCount


class ScheduledSampling:
    """Likelihood of the references after prefixes in which some tokens are the network's own.

    Each decoder input is the reference token with a probability that decays linearly from 1 to
    `teacher_forcing_min` over `updates` updates (section 2.4), and else a sample from the network
    after the inputs before it.
    """

    figures = ("nll",)
    trained = ("network",)

    def __init__(
        self, network: Seq2Seq, smoothing: float, *, teacher_forcing_min: float, updates: int
    ) -> None:
        """`smoothing` is as in `Likelihood`."""
        self.network, self.smoothing = network, smoothing
        self.teacher_forcing_min, self.updates = teacher_forcing_min, updates
        self.clock = UpdateCount()

    @property
    def modules(self) -> dict[str, nn.Module]:
        """The network, and the number of updates."""
        return {"network": self.network, "clock": self.clock}

    def loss(self, batch: Batch) -> Loss:
        """The loss of `batch`, a mean over its labels; `nll` is the loss without smoothing."""
        network, weight = self.network, batch.tokens
        inputs = mixed_inputs(network, batch, self.share())
        memory = network.encode(batch.source, batch.source_lengths)
        features = network.features(memory, inputs, batch.target_lengths)
        labels = pack(batch.labels, batch.target_lengths)
        sums = smoothed_cross_entropy(features, network.output, labels, self.smoothing)
        return Loss(sums.loss / weight, weight, {"nll": sums.nll.detach() / weight})

    def share(self) -> float:
        """The current probability that an input token is that of the reference."""
        done = min(1.0, int(self.clock.updates) / self.updates)
        return 1 - done * (1 - self.teacher_forcing_min)

    def updated(self, figures: Mapping[str, float]) -> None:
        """Count the update."""
        self.clock.updates += 1


@torch.no_grad()
def mixed_inputs(network: Seq2Seq, batch: Batch, teacher_forcing: float) -> Tensor:
    """Decoder inputs `[batch, time]`: reference tokens, each with probability `teacher_forcing`.

    The others are sampled from the network given the inputs before them, without dropout, with the
    random numbers of this thread (`latimer.nn.dropout.noise`).
    """
    inputs, random = batch.inputs, generator()
    if teacher_forcing == 1:
        return inputs
    columns = [inputs[:, 0]]
    with silence():
        state = network.start(batch.source, batch.source_lengths)
        for time in range(1, inputs.shape[1]):
            scores, state = network.step(state, columns[-1])
            probabilities = scores[:, EOS:].float().softmax(1)
            sampled = torch.multinomial(probabilities, 1, generator=random).squeeze(1) + EOS
            uniform = torch.rand(len(sampled), device=sampled.device, generator=random)
            columns.append(torch.where(uniform < teacher_forcing, inputs[:, time], sampled))
    return torch.stack(columns, 1)


def build(settings: ScheduledSamplingSettings, made: Ingredients) -> ScheduledSampling:
    """The objective with the label smoothing of the recipe."""
    return ScheduledSampling(
        made.network, made.recipe.training.label_smoothing,
        teacher_forcing_min=settings.teacher_forcing_min, updates=settings.teacher_forcing_updates,
    )  # fmt: skip
