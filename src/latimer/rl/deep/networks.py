"""Small networks for observations that are vectors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn


class MLP(nn.Module):
    """Linear layers with tanh between them: `[..., sizes[0]]` to `[..., sizes[-1]]`.

    Weights begin orthogonal, those of the last layer times `gain`, biases at 0 (Andrychowicz et al.
    2021 recommend a small last layer for policies); drawn from `generator`.
    """

    def __init__(self, sizes: Sequence[int], gain: float, generator: torch.Generator) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(*pair) for pair in pairwise(sizes))
        for layer in self.layers:
            assert isinstance(layer, nn.Linear)
            last = layer is self.layers[-1]
            nn.init.orthogonal_(layer.weight, gain if last else math.sqrt(2), generator=generator)
            nn.init.zeros_(layer.bias)

    def forward(self, inputs: Tensor) -> Tensor:
        """See the class."""
        *hidden, last = self.layers
        for layer in hidden:
            inputs = torch.tanh(layer(inputs))
        output: Tensor = last(inputs)
        return output
