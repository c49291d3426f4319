"""Matrix products with weights in 16 bits for search on a CPU.

A weight is rounded once to half precision; inputs, products and sums stay in float32. A step of
search multiplies a large matrix with few rows, and then fetching the matrix is what takes the time:
in half as many bytes, laid out for it, it takes a half to a quarter.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from latimer.nn.inference.quantised import QuantisedWeight

LARGEST = 65504.0
"""The largest number of half precision."""


class Fp16Weight(QuantisedWeight):
    """A weight `[outputs, inputs]` in half precision; see `QuantisedWeight`."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__(weight)
        self._half = weight.detach().half()
        self._packed: Any = torch.ops.quantized.linear_prepack_fp16(self._half.float(), None)

    def linear(self, inputs: Tensor, bias: Tensor | None = None) -> Tensor:
        """See `QuantisedWeight`."""
        product = torch.ops.quantized.linear_dynamic_fp16.default
        outputs: Tensor = product(inputs.float(), self._packed)
        return outputs if bias is None else outputs.add_(bias)

    def dequantised(self) -> Tensor:
        """See `QuantisedWeight`."""
        return self._half.float()

    def __getitem__(self, rows: Tensor) -> Tensor:
        """See `QuantisedWeight`."""
        return self._half[rows].float()


def fp16_weight(weight: Tensor) -> Fp16Weight | None:
    """`weight` in half precision, None where that has no number for one of its entries."""
    return Fp16Weight(weight) if bool(weight.abs().max() <= LARGEST) else None


def fp16_works(device: torch.device) -> bool:
    """Whether this PyTorch has such products on `device`, and they are right."""
    if device.type != "cpu":
        return False
    inputs, matrix = torch.eye(3, 8), torch.arange(40.0).view(5, 8) / 3
    try:
        found = Fp16Weight(matrix).linear(inputs)
    except (AttributeError, RuntimeError):  # an operator or an engine that is not there
        return False
    return torch.equal(found, matrix.half().float().t()[:3])
