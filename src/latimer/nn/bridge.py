"""Bridges: from what the encoder sums up to the decoder's first states, one a layer."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class TanhBridge(nn.ModuleList):
    """tanh(W summary + b) for each layer (Bahdanau et al. 2015, appendix A.2.2)."""

    def __init__(self, summary_size: int, state_size: int, layers: int) -> None:
        super().__init__([nn.Linear(summary_size, state_size) for _ in range(layers)])

    def forward(self, summary: Tensor) -> tuple[Tensor, ...]:
        """First states `[sentences, state]` from `summary [sentences, summary]`."""
        return tuple(torch.tanh(linear(summary)).to(summary.dtype) for linear in self)


class CopyBridge(nn.Module):
    """The encoder's last states as they are, layer by layer (Sutskever et al. 2014)."""

    def __init__(self, state_size: int) -> None:
        super().__init__()
        self.state_size = state_size

    def forward(self, summary: Tensor) -> tuple[Tensor, ...]:
        """First states `[sentences, state]` from `summary [sentences, layers * state]`."""
        return summary.split(self.state_size, 1)


class ZeroBridge(nn.Module):
    """Zeros, for a decoder that nothing precedes."""

    def __init__(self, state_size: int, layers: int) -> None:
        super().__init__()
        self.state_size, self.layers = state_size, layers

    def forward(self, summary: Tensor) -> tuple[Tensor, ...]:
        """First states `[sentences, state]`; `summary [sentences, …]` only says how many."""
        zeros = summary.new_zeros(len(summary), self.state_size)
        return (zeros,) * self.layers
