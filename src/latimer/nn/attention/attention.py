"""What the decoders ask of an attention.

Attention is read before or after the recurrence. Before it (Bahdanau et al. 2015) the previous
state asks, and the answer enters the step, so that a scan must score one step at a time: such an
attention brings an `AttentionPass` with its derivative written by hand. After it (Luong et al.
2015) the new states ask, all steps at once unless their answers are fed back: such an attention
is an `AttentionAfter`, and autograd differentiates it.

Shapes: `keys [sentences, source_time, size]`; `bias [sentences, source_time]`, 0 on tokens and −∞
on padding.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol

from torch import Tensor, nn


class AttentionPass(Protocol):
    """The scores of one batch, forward and backward, one row a sentence.

    `query [rows, size]` is the decoder's state times `query_weight`. A pass over fewer rows than
    there are sentences reads the first ones.
    """

    def scores(self, query: Tensor) -> Tensor:
        """Scores `[rows, source_time]`, up to a constant in each row."""
        ...

    def backward(self, grad_scores: Tensor, query: Tensor) -> Tensor:
        """The gradient of `query [rows, size]`; those of keys and weight are gathered inside."""
        ...

    def gradients(self) -> tuple[Tensor, Tensor]:
        """The gathered gradients of `keys` and of `score_weight`."""
        ...


class AttentionAfter(nn.Module, ABC):
    """An attention that the decoder's new states ask."""

    @abstractmethod
    def keys(self, values: Tensor) -> Tensor:
        """What is compared with the queries, from `values [sentences, source_time, value]`."""

    @abstractmethod
    def forward(self, queries: Tensor, keys: Tensor, bias: Tensor) -> Tensor:
        """Weights `[sentences, n, source_time]` for `queries [sentences, n, query]`."""
