"""Luong's concat attention."""

from __future__ import annotations

from torch import Tensor, nn

from latimer.nn.attention.attention import AttentionAfter


class ConcatAttention(AttentionAfter):
    """score = vᵀ tanh(W [q; h]) (Luong et al. 2015, equation 8, concat).

    W is kept as its two halves, so that the source's is multiplied once a sentence.
    """

    def __init__(self, query_size: int, value_size: int, size: int) -> None:
        super().__init__()
        self.query = nn.Linear(query_size, size, bias=False)
        self.key = nn.Linear(value_size, size, bias=False)
        self.score = nn.Linear(size, 1, bias=False)
        for layer in (self.query, self.key):
            nn.init.xavier_uniform_(layer.weight)

    def keys(self, values: Tensor) -> Tensor:
        """`W_h h` `[sentences, source_time, size]` for `values [sentences, source_time, value]`."""
        return self.key(values).to(self.key.weight.dtype)

    def forward(self, queries: Tensor, keys: Tensor, bias: Tensor) -> Tensor:
        """Weights `[sentences, n, source_time]` for `queries [sentences, n, query]`."""
        hidden = (self.query(queries)[:, :, None] + keys[:, None]).tanh()
        scores = self.score(hidden).squeeze(-1).to(bias.dtype)
        return (scores + bias[:, None]).softmax(-1)
