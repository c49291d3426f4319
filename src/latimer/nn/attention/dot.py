"""Luong's dot attention."""

from __future__ import annotations

from torch import Tensor

from latimer.nn.attention.attention import AttentionAfter


class DotAttention(AttentionAfter):
    """score = qᵀ h (Luong et al. 2015, equation 8, dot): no weights of its own.

    Raises ValueError unless `query_size == value_size`.
    """

    def __init__(self, query_size: int, value_size: int, size: int) -> None:
        super().__init__()
        if query_size != value_size:
            raise ValueError(
                f"attention: luong_dot needs the decoder's width ({query_size}) to equal "
                f"the encoder's output ({value_size})"
            )

    def keys(self, values: Tensor) -> Tensor:
        """The values themselves."""
        return values

    def forward(self, queries: Tensor, keys: Tensor, bias: Tensor) -> Tensor:
        """Weights `[sentences, n, source_time]` for `queries [sentences, n, query]`."""
        scores = (queries @ keys.transpose(1, 2)).to(bias.dtype)
        return (scores + bias[:, None]).softmax(-1)
