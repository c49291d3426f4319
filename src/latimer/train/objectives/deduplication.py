"""Translations sampled more than once for a sentence are evaluated once.

The lower the temperature, the more of them there are. Their gradients differ only by a factor.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from latimer.nn.rl.policy import Surrogate
from latimer.train.objectives.trajectories import Trajectories


class Deduplicated(NamedTuple):
    """The distinct trajectories of a batch, and the position of every trajectory among them.

    distinct: the first occurrence of each translation, in the original order; its `grouped` and
    `scattered`, which need all samples, cannot be used. places `[tokens]`: for each action of all
    trajectories the corresponding action of `distinct`, packed.
    """

    distinct: Trajectories
    places: Tensor

    @property
    def times(self) -> Tensor:
        """How often each action of `distinct` was sampled, float32."""
        return self.summed(torch.ones(len(self.places), device=self.places.device))

    def summed(self, values: Tensor) -> Tensor:
        """`values [tokens]` of all actions, summed for each action of `distinct`."""
        total = values.new_zeros(int(self.distinct.lengths.sum()))
        return total.index_add_(0, self.places, values)

    def every(self, values: Tensor) -> Tensor:
        """`values [tokens, …]` of the actions of `distinct`, repeated for all actions."""
        return values[self.places]

    def expanded(self, surrogate: Surrogate) -> Surrogate:
        """A surrogate over `distinct` with the figures of all actions; `top` stays a sample."""
        peaks = surrogate.peaks._replace(one=self.every(surrogate.peaks.one))
        return surrogate._replace(log_probs=self.every(surrogate.log_probs), peaks=peaks)


def deduplicated(found: Trajectories) -> Deduplicated:
    """The distinct translations of each sentence."""
    first = firsts(found)
    kept = first == torch.arange(len(first), device=first.device)
    distinct = replace(
        found,
        sentences=found.sentences[kept], places=found.places[kept], actions=found.actions[kept],
        lengths=found.lengths[kept], written=found.written[kept], scores=found.scores[kept],
        rewards=found.rewards[kept], log_probs=found.log_probs[kept],
    )  # fmt: skip
    numbers = torch.zeros_like(distinct.actions)
    by_time = distinct.mask.t()
    numbers.t()[by_time] = torch.arange(int(by_time.sum()), device=numbers.device)
    row = (kept.cumsum(0) - 1)[first]
    return Deduplicated(distinct, found.packed(numbers[row]))


def firsts(found: Trajectories) -> Tensor:
    """For each row the first row with the same translation of the sentence, `[rows]`."""
    rows = torch.arange(len(found.places), device=found.places.device)
    order = found.grouped(rows)  # [batch, samples]
    tokens, lengths = found.actions[order], found.lengths[order]
    same = (tokens[:, :, None] == tokens[:, None]).all(3)
    same &= lengths[:, :, None] == lengths[:, None]
    sample = same.long().argmax(2)  # the first of the equals
    return found.scattered(order.gather(1, sample))
