"""Additive attention that knows what it has read."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from latimer.nn.attention.bahdanau import BahdanauAttention


class CoverageAttention(BahdanauAttention):
    """score = vᵀ tanh(W_q q + W_k h + w c), with coverage c the sum of the weights so far.

    Tu et al. 2016, section 3.1.1, with the accumulated weights as coverage; the same as See et
    al. 2017, equation 11. As in `BahdanauAttention` the logistic function stands for tanh.
    """

    def __init__(self, query_size: int, value_size: int, size: int) -> None:
        super().__init__(query_size, value_size, size)
        self.coverage_weight = nn.Parameter(torch.empty(size))
        nn.init.uniform_(self.coverage_weight, -(size**-0.5), size**-0.5)

    def covering(self, query: Tensor, keys: Tensor, bias: Tensor, coverage: Tensor) -> Tensor:
        """Weights `[sentences, width, source_time]`, as `weigh`, but differentiable.

        `query [sentences * width, query]`, `coverage [sentences * width, source_time]`.
        """
        sentences, time, size = keys.shape
        asked = nn.functional.linear(query, self.query_weight).to(keys.dtype)
        covered = coverage.view(sentences, -1, time, 1) * self.coverage_weight
        layer = keys[:, None] + 2 * (asked.view(sentences, -1, 1, size) + covered)
        return (layer.sigmoid() @ (2 * self.score_weight) + bias[:, None]).softmax(-1)
