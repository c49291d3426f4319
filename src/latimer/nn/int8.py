"""Matrix products in int8 for search on a CPU.

A weight is rounded once, with a scale for each output; its inputs at every product, with a scale
for each row (dynamic quantisation, as in Bhandare et al. 2019), a block of columns at a time. Sums
are exact 32-bit integers, so what a row becomes does not depend on the rows beside it. Everything
that is not a product with a weight stays in float32, and so do the encoder's recurrences.
"""

from __future__ import annotations

import torch
from torch import Tensor

from latimer.nn.rounded import Rounded

LEVELS = 127
"""Values run from −127 to 127, so that negation is exact."""

BLOCK = 512
"""Inputs that share a scale, at most: states, contexts and embeddings differ in size."""

SMALLEST = 1e-30
"""In place of the scale of a row of noughts, by which nought must be divided."""


def quantise(values: Tensor) -> tuple[Tensor, Tensor]:
    """Rows of `values [rows, inner]` as int8 of the same shape, and their scales `[rows, 1]`.

    `values ≈ int8 * scale`; each is off by at most half a scale, which is the row's largest
    magnitude divided by 127. A row that holds NaN or infinity has such a scale.
    """
    scales = values.abs().amax(1, keepdim=True).clamp_(min=SMALLEST).div_(LEVELS)
    return torch.div(values, scales).round_().to(torch.int8), scales


class Int8Weight(Rounded):
    """A weight `[outputs, inputs]` in int8, with a scale for each output; see `Rounded`."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__(weight)
        parts = [quantise(part) for part in weight.detach().float().split(BLOCK, 1)]
        self._values = [values.t().contiguous() for values, _ in parts]
        self._scales = [scales.squeeze(1) for _, scales in parts]

    def linear(self, inputs: Tensor, bias: Tensor | None = None) -> Tensor:
        """See `Rounded`."""
        rows = inputs.reshape(-1, inputs.shape[-1]).float()
        outputs = bias
        for part, values, scales in zip(
            rows.split(BLOCK, 1), self._values, self._scales, strict=True
        ):
            rounded, row_scales = quantise(part)
            # Converting first is faster than a product of mixed types.
            sums = torch._int_mm(rounded, values).float().mul_(scales)
            if outputs is None:
                outputs = sums.mul_(row_scales)
            else:
                outputs = torch.addcmul(outputs, sums, row_scales, out=sums)
        assert outputs is not None
        return outputs.view(*inputs.shape[:-1], outputs.shape[1])

    def dequantised(self) -> Tensor:
        """See `Rounded`."""
        parts = zip(self._values, self._scales, strict=True)
        return torch.cat([values.t() * scales[:, None] for values, scales in parts], 1)

    def __getitem__(self, rows: Tensor) -> Tensor:
        """See `Rounded`."""
        parts = zip(self._values, self._scales, strict=True)
        return torch.cat([v.t()[rows] * scales[rows][..., None] for v, scales in parts], -1)


def int8_exact(device: torch.device) -> bool:
    """Whether int8 products are exact on `device`: CPUs without instructions for it may saturate.

    Nothing but a CPU is tried.
    """
    if device.type != "cpu":
        return False
    rows = torch.full((32, 512), LEVELS, dtype=torch.int8)
    sums = torch._int_mm(rows, torch.full((512, 64), LEVELS, dtype=torch.int8))
    return bool((sums == 512 * LEVELS**2).all())
