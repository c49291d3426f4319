"""Luong's general attention."""

from __future__ import annotations

from torch import Tensor, nn

from latimer.nn.attention.attention import AttentionAfter


class GeneralAttention(AttentionAfter):
    """score = qᵀ W h (Luong et al. 2015, equation 8, general)."""

    def __init__(self, query_size: int, value_size: int, size: int) -> None:
        super().__init__()
        self.key = nn.Linear(value_size, query_size, bias=False)
        nn.init.xavier_uniform_(self.key.weight)

    def keys(self, values: Tensor) -> Tensor:
        """`W h` `[sentences, source_time, query]` for `values [sentences, source_time, value]`."""
        return self.key(values).to(self.key.weight.dtype)

    def scores(self, queries: Tensor, keys: Tensor) -> Tensor:
        """Scores `[sentences, n, source_time]`, before padding is ruled out."""
        return queries @ keys.transpose(1, 2)

    def forward(self, queries: Tensor, keys: Tensor, bias: Tensor) -> Tensor:
        """Weights `[sentences, n, source_time]` for `queries [sentences, n, query]`."""
        return (self.scores(queries, keys).to(bias.dtype) + bias[:, None]).softmax(-1)
