"""Translations drawn more than once for a sentence are read once.

The colder the policy, the more of them there are. Their gradients are the same but for a factor.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from latimer.nn.rl.policy import Surrogate
from latimer.train.objectives.trajectories import Trajectories


class Deduplicated(NamedTuple):
    """Trajectories of different translations, and where those of all are among them.

    distinct: rows of the first time that each translation was drawn, in their order, so that
    `grouped` and `scattered`, which want all samples, are not for it; places `[tokens]`: for each
    action of all trajectories the one of `distinct` that is the same, packed.
    """

    distinct: Trajectories
    places: Tensor

    @property
    def times(self) -> Tensor:
        """How often each action of `distinct` was drawn, float32."""
        return self.summed(torch.ones(len(self.places), device=self.places.device))

    def summed(self, values: Tensor) -> Tensor:
        """`values [tokens]` of all actions, added up for those of `distinct`."""
        total = values.new_zeros(int(self.distinct.lengths.sum()))
        return total.index_add_(0, self.places, values)

    def every(self, values: Tensor) -> Tensor:
        """`values [tokens, …]` of the actions of `distinct`, for all actions."""
        return values[self.places]

    def expanded(self, surrogate: Surrogate) -> Surrogate:
        """A surrogate over `distinct` with figures of all actions; `top` stays a sample."""
        peaks = surrogate.peaks._replace(one=self.every(surrogate.peaks.one))
        return surrogate._replace(log_probs=self.every(surrogate.log_probs), peaks=peaks)


def deduplicated(found: Trajectories) -> Deduplicated:
    """The different translations of each sentence."""
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
    """The row in which each row's translation was drawn first for its sentence, `[rows]`."""
    rows = torch.arange(len(found.places), device=found.places.device)
    order = found.grouped(rows)  # [batch, samples]
    tokens, lengths = found.actions[order], found.lengths[order]
    same = (tokens[:, :, None] == tokens[:, None]).all(3)
    same &= lengths[:, :, None] == lengths[:, None]
    sample = same.long().argmax(2)  # the first of the equals
    return found.scattered(order.gather(1, sample))
