"""Matrix products in int8 for search on a CPU.

A weight is rounded once, with a scale for each output; its inputs at every product, with a scale
for each row (dynamic quantisation, as in Bhandare et al. 2019), a block of columns at a time. Sums
are exact 32-bit integers, so what a row becomes does not depend on the rows beside it. Everything
that is not a product with a weight stays in float32.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import torch
from torch import Tensor, nn

from latimer.nn.rounded import Rounded, quickest

LEVELS = 127
"""Values run from −127 to 127, so that negation is exact."""

Product = Callable[[Tensor], Tensor]
"""From `rows [rows, inputs]` in int8 to their products with a weight and its scales, float32."""

BLOCK = 512
"""Inputs that share a scale, at most: states, contexts and embeddings differ in size."""

NOUGHT = 128
"""What stands for nought in unsigned integers."""

FEW, TILE = 8, 16
"""Up to `FEW` rows are multiplied as they are, more by `TILE` or an eighth of them at a time."""

SLOW = 0.002
"""Seconds that trying a product may take, thirty times what it does with instructions for it."""

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
        blocks = weight.detach().float().split(BLOCK, 1)
        self._blocks = [_Block(*quantise(block)) for block in blocks]

    def linear(self, inputs: Tensor, bias: Tensor | None = None) -> Tensor:
        """See `Rounded`."""
        rows = inputs.reshape(-1, inputs.shape[-1]).float()
        outputs = bias
        for part, block in zip(rows.split(BLOCK, 1), self._blocks, strict=True):
            rounded, row_scales = quantise(part)
            sums = block.product(_lengthened(rounded))[: len(rounded)]
            if outputs is None:
                outputs = sums.mul_(row_scales)
            else:
                outputs = torch.addcmul(outputs, sums, row_scales, out=sums)
        assert outputs is not None
        return outputs.view(*inputs.shape[:-1], outputs.shape[1])

    def dequantised(self) -> Tensor:
        """See `Rounded`."""
        return torch.cat([block.values * block.scales[:, None] for block in self._blocks], 1)

    def __getitem__(self, rows: Tensor) -> Tensor:
        """See `Rounded`."""
        return torch.cat([b.values[rows] * b.scales[rows][..., None] for b in self._blocks], -1)


class _Block:
    """Columns of a weight: `values [outputs, inputs]` in int8 and `scales [outputs, 1]`."""

    def __init__(self, values: Tensor, scales: Tensor) -> None:
        self.values, self.scales = values, scales.squeeze(1)
        self._product = (_exact_way() or _plain)(values, self.scales)

    def product(self, rows: Tensor) -> Tensor:
        """`rows [rows, inputs]` in int8 times the weight with its scales, float32."""
        return self._product(rows) if len(rows) else self.scales.new_empty(0, len(self.values))


def _lengthened(rows: Tensor) -> Tensor:
    """`rows [rows, inner]` with noughts behind them, so that they are one of few numbers of rows.

    oneDNN prepares a product for every shape that it meets, which takes longer than the product,
    and remembers some thousand: search, whose rows end one by one, would meet more. A single row
    would get a loop that is hundreds of times slower.
    """
    count = len(rows)
    step = max(TILE, 1 << max(0, count.bit_length() - 4))
    missing = -count % step if count > FEW else int(count == 1)
    return nn.functional.pad(rows, (0, 0, 0, missing)) if missing else rows


def _packed(values: Tensor, scales: Tensor) -> Product:
    """The product with a weight in oneDNN's own layout.

    Without it the weight would be brought into that layout at every product. Rows are shifted to
    unsigned integers, as x86's instructions want them (but for AMX, which takes both): of signed
    ones oneDNN makes a loop there that is hundreds of times slower. Raises AttributeError or
    RuntimeError where PyTorch has no such product.
    """
    weight = torch.ops.onednn.qlinear_prepack(values, None)
    product = torch.ops.onednn.qlinear_pointwise.default
    zeros = torch.zeros(len(values), dtype=torch.int64)
    wanted: tuple[Any, ...] = (weight, scales, zeros, None, 1.0, 0, torch.float32, "none", [], "")
    return lambda rows: product(rows.view(torch.uint8) ^ NOUGHT, 1.0, NOUGHT, *wanted)


def _plain(values: Tensor, scales: Tensor) -> Product:
    """The same with a weight as it is."""
    columns = values.t().clone(memory_format=torch.contiguous_format)
    return lambda rows: torch._int_mm(rows, columns).float().mul_(scales)


@cache
def _exact_way() -> Callable[[Tensor, Tensor], Product] | None:
    """The first way that does not saturate on this CPU and is not far too slow there, if any.

    If all that are exact are slow it is the first of them, None if there is none.
    """
    rows = torch.full((2 * TILE, BLOCK), LEVELS, dtype=torch.int8)
    values, ones = torch.full((64, BLOCK), LEVELS, dtype=torch.int8), torch.ones(64)
    exact = []
    for way in (_packed, _plain):
        try:
            product = way(values, ones)
            found = [product(sign * rows) * sign for sign in (1, -1)]
        except (AttributeError, RuntimeError):
            continue
        if all(bool((sums == BLOCK * LEVELS**2).all()) for sums in found):
            exact.append(way)
            if quickest(partial(product, rows), SLOW) < SLOW:
                return way
    return exact[0] if exact else None


def int8_exact(device: torch.device) -> bool:
    """Whether int8 products are exact on `device`: CPUs without instructions for it may saturate.

    Nothing but a CPU is tried.
    """
    return device.type == "cpu" and _exact_way() is not None
