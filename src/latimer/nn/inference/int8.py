"""Matrix products in int8 for search on a CPU.

A weight is rounded once, with a scale for each output; its inputs at every product, with a scale
for each row (dynamic quantisation, as in Bhandare et al. 2019), a block of columns at a time. Sums
are exact 32-bit integers, so what a row becomes does not depend on the rows beside it. Everything
that is not a product with a weight stays in float32.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from latimer.nn.inference.quantised import QuantisedWeight, quickest

LEVELS = 127
"""Values run from −127 to 127, so that negation is exact."""


class Product(NamedTuple):
    """The product with a weight and its scales.

    `of` takes `rows [rows, inputs]` of the type `kind` to `[rows, outputs]` in float32.
    """

    kind: torch.dtype
    of: Callable[[Tensor], Tensor]


BLOCK = 512
"""Inputs that share a scale, at most: states, contexts and embeddings differ in size."""

NOUGHTS = {torch.int8: 0, torch.uint8: 128}
"""What stands for nought in a type of integers."""

SHIFTS = {kind: torch.tensor(1.5 * 2**23 + nought) for kind, nought in NOUGHTS.items()}
"""`NOUGHTS` and a float32 with neighbours 1 away: sums with it end in a byte of the integer."""

FEW, TILE = 8, 16
"""Up to `FEW` rows are multiplied as they are, more by `TILE` or an eighth of them at a time."""

SLOW = 0.002
"""Seconds that trying a product may take, thirty times what it does with instructions for it."""

SMALLEST = 1e-30
"""In place of the scale of a row of noughts, by which nought must be divided."""


def quantise(values: Tensor, kind: torch.dtype = torch.int8) -> tuple[Tensor, Tensor]:
    """Rows of `values [rows, inner]` as integers of the same shape, and their scales `[rows, 1]`.

    `values ≈ (integers − NOUGHTS[kind]) * scale`; each is off by at most half a scale, which is the
    row's largest magnitude divided by 127. A row that holds NaN or infinity has such a scale.
    """
    scales = values.abs().amax(1, keepdim=True).clamp_(min=SMALLEST).div_(LEVELS)
    if values.shape[0] <= FEW:  # one operation less, but slow where there are many rows
        shifted = torch.addcdiv(SHIFTS[kind], values, scales)
    else:
        shifted = torch.div(values, scales).add_(SHIFTS[kind])
    return shifted.view(torch.int32).to(kind), scales


class Int8Weight(QuantisedWeight):
    """A weight `[outputs, inputs]` in int8, with a scale for each output; see `QuantisedWeight`."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__(weight)
        blocks = weight.detach().float().split(BLOCK, 1)
        self._blocks = [_Block(*quantise(block)) for block in blocks]

    def linear(self, inputs: Tensor, bias: Tensor | None = None) -> Tensor:
        """See `QuantisedWeight`."""
        rows = inputs.reshape(-1, inputs.shape[-1]).float()
        outputs = bias
        parts = (rows,) if len(self._blocks) == 1 else rows.split(BLOCK, 1)
        for part, block in zip(parts, self._blocks, strict=True):
            integers, row_scales = quantise(part, block.kind)
            sums = block.product(integers)
            if outputs is None:
                outputs = sums.mul_(row_scales)
            else:
                outputs = torch.addcmul(outputs, sums, row_scales, out=sums)
        assert outputs is not None
        return outputs.view(*inputs.shape[:-1], outputs.shape[1])

    def dequantised(self) -> Tensor:
        """See `QuantisedWeight`."""
        return torch.cat([block.values * block.scales[:, None] for block in self._blocks], 1)

    def __getitem__(self, rows: Tensor) -> Tensor:
        """See `QuantisedWeight`."""
        return torch.cat([b.values[rows] * b.scales[rows][..., None] for b in self._blocks], -1)


class _Block:
    """Columns of a weight: `values [outputs, inputs]` in int8 and `scales [outputs, 1]`."""

    def __init__(self, values: Tensor, scales: Tensor) -> None:
        self.values, self.scales = values, scales.squeeze(1)
        self.kind, self._product = (_exact_way() or _plain)(values, self.scales)

    def product(self, rows: Tensor) -> Tensor:
        """`rows [rows, inputs]` of the type `kind` times the weight with its scales, float32."""
        count = rows.shape[0]
        if 1 < count <= FEW:
            return self._product(rows)
        if not count:
            return self.scales.new_empty(0, len(self.values))
        return self._product(_lengthened(rows))[:count]


def _lengthened(rows: Tensor) -> Tensor:
    """`rows [rows, inner]` with others behind them, so that they are one of few numbers of rows.

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
    nought = NOUGHTS[torch.uint8]
    return Product(torch.uint8, lambda rows: product(rows, 1.0, nought, *wanted))


def _plain(values: Tensor, scales: Tensor) -> Product:
    """The same with a weight as it is."""
    columns = values.t().clone(memory_format=torch.contiguous_format)
    return Product(torch.int8, lambda rows: torch._int_mm(rows, columns).float().mul_(scales))


@cache
def _exact_way() -> Callable[[Tensor, Tensor], Product] | None:
    """The first way that does not saturate on this CPU and is not far too slow there, if any.

    If all that are exact are slow it is the first of them, None if there is none.
    """
    most = torch.ones(2 * TILE, BLOCK)
    values, ones = torch.full((64, BLOCK), LEVELS, dtype=torch.int8), torch.ones(64)
    exact = []
    for way in (_packed, _plain):
        try:
            product = way(values, ones)
            rows, least = (quantise(sign * most, product.kind)[0] for sign in (1, -1))
            found = [product.of(rows), -product.of(least)]
        except (AttributeError, RuntimeError):
            continue
        if all(bool((sums == BLOCK * LEVELS**2).all()) for sums in found):
            exact.append(way)
            if quickest(partial(product.of, rows), SLOW) < SLOW:
                return way
    return exact[0] if exact else None


def int8_exact(device: torch.device) -> bool:
    """Whether int8 products are exact on `device`: CPUs without instructions for it may saturate.

    Nothing but a CPU is tried.
    """
    return device.type == "cpu" and _exact_way() is not None
