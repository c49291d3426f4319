"""Luong's local attention with a predicted position."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from latimer.nn.attention.attention import AttentionAfter
from latimer.nn.attention.general import GeneralAttention


class LocalAttention(AttentionAfter):
    """Attention to a window around a predicted position (Luong et al. 2015, section 3.2, local-p).

    p = S σ(vᵀ tanh(W_p q)), with S the number of source positions. Weights are those of general
    attention inside [p − D, p + D], times exp(−(s − p)² / (2 (D/2)²)), equations 9 and 10;
    positions s count from 0. They do not sum to one, as in the paper.
    """

    def __init__(self, query_size: int, value_size: int, size: int, window: int = 10) -> None:
        """`window` is D, in positions."""
        super().__init__()
        self.general = GeneralAttention(query_size, value_size, size)
        self.window = window
        self.hidden = nn.Linear(query_size, size, bias=False)
        self.place = nn.Linear(size, 1, bias=False)
        nn.init.xavier_uniform_(self.hidden.weight)

    def keys(self, values: Tensor) -> Tensor:
        """`W h` `[sentences, source_time, query]` for `values [sentences, source_time, value]`."""
        return self.general.keys(values)

    def positions(self, queries: Tensor, bias: Tensor) -> Tensor:
        """Predicted positions p `[sentences, n, 1]`, from 0 to the number of source positions."""
        lengths = (bias == 0).sum(1).to(bias.dtype)
        share = self.place(self.hidden(queries).tanh()).to(bias.dtype).sigmoid()
        return share * lengths[:, None, None]

    def forward(self, queries: Tensor, keys: Tensor, bias: Tensor) -> Tensor:
        """Weights `[sentences, n, source_time]` for `queries [sentences, n, query]`."""
        place = self.positions(queries, bias)
        source = torch.arange(bias.shape[1], device=bias.device, dtype=bias.dtype)
        distance = source - place
        # p may lie up to one position past the last token; the window is never empty, as D ≥ 1.
        scores = self.general.scores(queries, keys).to(bias.dtype) + bias[:, None]
        scores = scores.masked_fill(distance.abs() > self.window, float("-inf"))
        return scores.softmax(-1) * torch.exp(-2 * (distance / self.window).square())
