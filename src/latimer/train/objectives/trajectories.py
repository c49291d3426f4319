"""Sampled translations as trajectories of a Markov decision process.

The state is the source and the prefix, the action is the next token, and the reward of an action is
the increase of the prefix's score, so that the rewards of a translation sum to its score.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from latimer.metrics.sentence_bleu import prefix_gains
from latimer.nn.dropout import generator, silence
from latimer.nn.inference.folded import fold
from latimer.nn.output import Features
from latimer.nn.precision import product_dtype
from latimer.nn.seq2seq import Seq2Seq, pack
from latimer.search.greedy import greedy_search
from latimer.search.sampling import Samples, sample
from latimer.search.scorer import Scorer, default_max_length
from latimer.search.strategies import Sampling
from latimer.text.batching import Batch
from latimer.text.vocabulary.subwords import BOS, EOS, PAD

Scores = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
"""A reward: see `latimer.metrics.rewards.Reward`."""


@dataclass(frozen=True)
class Trajectories:
    """`samples` translations of each sentence of a batch, one per row, longest first.

    sentences `[rows]`: index of the sentence in the batch; places `[rows]`: that index times
    `samples` plus the number of the sample; actions `[rows, time]`: tokens and EOS, then PAD;
    lengths `[rows]`: numbers of actions; written `[rows]`: actions that are not EOS; scores
    `[rows]`: of whole translations, float32; rewards `[rows, time]`: of actions, float32;
    log_probs `[rows]`: of whole translations under the model, float64.

    An episode ends with EOS or at the maximum length.
    """

    samples: int
    sentences: Tensor
    places: Tensor
    actions: Tensor
    lengths: Tensor
    written: Tensor
    scores: Tensor
    rewards: Tensor
    log_probs: Tensor

    @property
    def inputs(self) -> Tensor:
        """The decoder's inputs, `[rows, time]`: BOS and all actions but the last."""
        start = torch.full_like(self.actions[:, :1], BOS)
        return torch.cat([start, self.actions[:, :-1]], 1)

    @property
    def mask(self) -> Tensor:
        """Which positions hold an action, `[rows, time]`."""
        time = torch.arange(self.actions.shape[1], device=self.actions.device)
        return time < self.lengths[:, None]

    @property
    def discounts(self) -> Tensor:
        """1 for all actions but the last of a row, 0 elsewhere, `[rows, time]`."""
        time = torch.arange(self.actions.shape[1], device=self.actions.device)
        return (time < self.lengths[:, None] - 1).to(self.rewards.dtype)

    def packed(self, values: Tensor) -> Tensor:
        """The entries of `values [rows, time]` at actions, `[tokens]`, as `seq2seq.pack` does."""
        return pack(values, self.lengths)

    def grouped(self, values: Tensor) -> Tensor:
        """`values [rows]` by sentence and sample, `[batch, samples]`."""
        return torch.empty_like(values).index_copy_(0, self.places, values).view(-1, self.samples)

    def scattered(self, values: Tensor) -> Tensor:
        """Inverse of `grouped`: `[rows]` from `[batch, samples]`."""
        return values.flatten()[self.places]


@dataclass(frozen=True)
class Draw:
    """Samples trajectories from a network.

    reward: scores of prefixes; samples: number per sentence; temperature: of the policy;
    max_length: maximum number of actions, by default twice the source's pieces plus ten.
    """

    reward: Scores
    samples: int = 1
    temperature: float = 1.0
    max_length: int | None = None

    @torch.no_grad()
    def __call__(self, network: Scorer[Any], batch: Batch) -> Trajectories:
        """Translations of `batch` sampled from `network`, without dropout.

        The random numbers are those of this thread (`latimer.nn.dropout.noise`).
        """
        drawn = generator()
        seed = int(torch.randint(2**62, (), generator=drawn, device=_device_of(drawn)))
        search = Sampling(self.samples, self.temperature, seed=seed)
        with silence():
            quick = _quick(network, batch, self.samples)
            found = sample(
                quick, batch.source, batch.source_lengths, search, max_length=self.limits(batch)
            )
        return self.judged(found, batch)

    def limits(self, batch: Batch) -> int | Tensor:
        """The maximum length of translations of each sentence."""
        return self.max_length or default_max_length(batch.source_lengths)

    def judged(self, found: Samples, batch: Batch) -> Trajectories:
        """Trajectories, with their rewards, of sampled translations."""
        samples = found.lengths.shape[1]
        lengths, places = found.lengths.flatten().sort(descending=True, stable=True)
        sentences = torch.div(places, samples, rounding_mode="floor")
        actions = found.tokens.flatten(0, 1)[places]
        written = lengths - found.finished.flatten()[places].long()
        scores = self.scored(actions, written, batch, sentences)
        # The score of the whole translation comes with the last action, even if that is not EOS.
        time = torch.arange(actions.shape[1], device=actions.device)
        scores = scores.where(time < lengths[:, None] - 1, scores[:, -1:])
        return Trajectories(
            samples, sentences, places, actions, lengths, written, scores[:, -1],
            prefix_gains(scores), found.log_probs.flatten()[places],
        )  # fmt: skip

    def scored(
        self, tokens: Tensor, written: Tensor, batch: Batch, sentences: Tensor | None = None
    ) -> Tensor:
        """Scores of all prefixes of `tokens [rows, time]` against their references, float32."""
        references, lengths = batch.labels, batch.target_lengths - 1
        if sentences is not None:
            references, lengths = references[sentences], lengths[sentences]
        return self.reward(tokens, written, references, lengths).to(torch.float32)

    def greedy_scores(self, network: Seq2Seq, batch: Batch) -> Tensor:
        """The scores of greedy translations, `[batch]`."""
        return self.greedy(network, batch)[0]

    @torch.no_grad()
    def greedy(self, network: Seq2Seq, batch: Batch) -> tuple[Tensor, Tensor]:
        """The scores of greedy translations and their lengths without EOS, `[batch]` each."""
        with silence():
            found = greedy_search(
                _quick(network, batch),
                batch.source,
                batch.source_lengths,
                max_length=self.limits(batch),
            )
        lengths = torch.tensor([len(h.tokens) for h in found])
        tokens = torch.full((len(found), max(1, int(lengths.max()))), PAD)
        for row, hypothesis in zip(tokens, found, strict=True):
            row[: len(hypothesis.tokens)] = torch.tensor(hypothesis.tokens)
        tokens, lengths = tokens.to(batch.source.device), lengths.to(batch.source.device)
        return self.scored(tokens, lengths, batch)[:, -1], lengths


def less_others(found: Trajectories, values: Tensor) -> Tensor:
    """`values [tokens]` minus their mean over the sentence's other translations at the same time.

    An ended translation counts with 0. The mean does not depend on the action, so that the expected
    gradient is unchanged, as with the leave-one-out baseline (Kool et al. 2019). The values of a
    single translation are returned unchanged.
    """
    if found.samples == 1:
        return values
    inside = found.mask
    padded = values.new_zeros(inside.t().shape).masked_scatter(inside.t(), values).t()
    grouped = torch.empty_like(padded).index_copy_(0, found.places, padded)
    grouped = grouped.unflatten(0, (-1, found.samples))
    rest = (grouped.sum(1, keepdim=True) - grouped) / (found.samples - 1)
    return found.packed((grouped - rest).flatten(0, 1)[found.places])


def features_of(network: Seq2Seq, batch: Batch, trajectories: Trajectories) -> Features:
    """The inputs of the output layer before each action, packed.

    Differentiable; every source is encoded once, whatever the number of samples.
    """
    memory = network.encode(batch.source, batch.source_lengths)
    rows = memory.select(trajectories.sentences)
    return network.features(rows, trajectories.inputs, trajectories.lengths)


def first_action() -> int:
    """The lowest token that search may write: PAD, BOS and UNK are excluded."""
    return EOS


def _quick(network: Scorer[Any], batch: Batch, samples: int = 1) -> Scorer[Any]:
    """A scorer that equals `network` up to rounding and is faster, or `network` itself."""
    if not isinstance(network, Seq2Seq):
        return network
    weight = network.output.weight
    if product_dtype(weight) != weight.dtype:
        return network  # under autocast, folded weights would be rounded twice
    return fold(network, samples * int(batch.target_lengths.sum()))


def _device_of(drawn: torch.Generator | None) -> torch.device:
    return torch.device("cpu") if drawn is None else drawn.device
