"""Additive attention, read before the recurrence."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class AdditivePass:
    """Scores of additive attention; see `BahdanauAttention`, whose `keys` are doubled."""

    def __init__(self, keys: Tensor, weight: Tensor) -> None:
        self.keys, self.weight = keys, weight
        self.hidden, self.slope = keys.new_empty(2, *keys.shape)
        self.grad_keys: Tensor | None = None
        self.grad_weight = torch.zeros_like(weight)

    def _hidden(self, query: Tensor) -> Tensor:
        rows = len(query)
        out = self.hidden[:rows]
        return torch.add(self.keys[:rows], query[:, None], alpha=2, out=out).sigmoid_()

    def scores(self, query: Tensor) -> Tensor:
        """Scores `[rows, source_time]`, up to a constant in each row."""
        hidden = self._hidden(query)
        return torch.mv(hidden.flatten(0, 1), self.weight).view(hidden.shape[:2]).mul_(2)

    def backward(self, grad_scores: Tensor, query: Tensor) -> Tensor:
        """The gradient of `query [rows, size]`; those of keys and weight are gathered inside.

        The hidden layer is computed anew rather than kept: it is as large as all keys at every
        step, and reading it back from memory costs as much.
        """
        if self.grad_keys is None:
            self.grad_keys = torch.zeros_like(self.keys)
        rows = len(query)
        hidden = self._hidden(query)
        slope = torch.addcmul(hidden, hidden, hidden, value=-1, out=self.slope[:rows])
        self.grad_weight.addmv_(hidden.flatten(0, 1).t(), grad_scores.reshape(-1))
        self.grad_keys[:rows].addcmul_(slope, grad_scores[:, :, None])
        return torch.bmm(grad_scores[:, None], slope).squeeze(1).mul_(4 * self.weight)

    def gradients(self) -> tuple[Tensor, Tensor]:
        """The gathered gradients of the doubled keys and of the score weight."""
        keys = torch.zeros_like(self.keys) if self.grad_keys is None else self.grad_keys
        return keys.mul_(2 * self.weight), 2 * self.grad_weight


class BahdanauAttention(nn.Module):
    """Additive attention (Bahdanau et al. 2015, equation 6 and appendix A.1.2).

    score = vᵀ tanh(W_q q + W_k h). Since tanh x = 2σ(2x) − 1 and a softmax ignores constants,
    2vᵀσ(2W_q q + 2W_k h) is used in its place: the logistic function is the cheaper one.
    """

    Pass = AdditivePass

    def __init__(self, query_size: int, value_size: int, size: int) -> None:
        super().__init__()
        self.query_weight = nn.Parameter(torch.empty(size, query_size))
        self.key = nn.Linear(value_size, size)
        self.score_weight = nn.Parameter(torch.empty(size))
        nn.init.xavier_uniform_(self.query_weight)
        nn.init.xavier_uniform_(self.key.weight)
        nn.init.zeros_(self.key.bias)
        nn.init.uniform_(self.score_weight, -(size**-0.5), size**-0.5)

    def keys(self, values: Tensor) -> Tensor:
        """`2(W_k h + b)` `[sentences, source_time, size]` for `values [sentences, time, value]`."""
        return self.key(values).to(self.score_weight.dtype) * 2

    def weigh(self, hidden: Tensor, keys: Tensor, bias: Tensor) -> Tensor:
        """Attention weights `[sentences, width, source_time]` in search.

        `hidden [sentences * width, query]` are the decoder's outputs, grouped by sentence.
        """
        sentences, _, size = keys.shape
        query = nn.functional.linear(hidden, self.query_weight).to(keys.dtype)
        layer = (keys[:, None] + 2 * query.view(sentences, -1, 1, size)).sigmoid_()
        return (layer @ (2 * self.score_weight) + bias[:, None]).softmax(-1)
