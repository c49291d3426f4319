"""Matrix products at the precision that autocast asks for.

The recurrences run inside hand-written autograd functions, where autocast does not reach.
They ask here which type it wants for products, and keep states, gates and sums in float32.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import torch
from torch import Tensor

P = ParamSpec("P")
R = TypeVar("R")


def product_dtype(like: Tensor) -> torch.dtype:
    """The type in which products on `like`'s device run now: autocast's, or `like`'s own."""
    device = like.device.type
    if torch.is_autocast_enabled(device):
        return torch.get_autocast_dtype(device)
    return like.dtype


def outside_autocast(function: Callable[P, R]) -> Callable[P, R]:
    """Run a forward or backward of an autograd function with autocast switched off.

    Autocast does not see into `out=` products, yet would cast some of the small operations
    between them; `Products` does all the casting that is wanted.
    """

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        device = next(a.device.type for a in args if isinstance(a, Tensor))
        with torch.autocast(device, enabled=False):
            return function(*args, **kwargs)

    return run


class Products:
    """Products of `[rows, inner]` by `[inner, columns]` in `dtype`, results in the input's type.

    Weights are cast once when they are handed over (`weight`), activations at each product.
    """

    def __init__(self, dtype: torch.dtype) -> None:
        self.dtype = dtype

    def weight(self, weight: Tensor) -> Tensor:
        """A weight made ready for products: detached, in the type of products."""
        return weight.detach().to(self.dtype)

    def mm(self, left: Tensor, right: Tensor, out: Tensor) -> Tensor:
        """`out = left @ right`; `right` comes from `weight`."""
        if self.dtype == out.dtype:
            return torch.mm(left, right, out=out)
        return out.copy_(torch.mm(left.to(self.dtype), right))

    def addmm(self, bias: Tensor, left: Tensor, right: Tensor, out: Tensor) -> Tensor:
        """`out = bias + left @ right`; `bias` broadcasts over rows or has `out`'s shape."""
        if self.dtype == out.dtype:
            return torch.addmm(bias, left, right, out=out)
        return torch.add(torch.mm(left.to(self.dtype), right), bias, out=out)

    def weight_gradient(self, outputs: Tensor, inputs: Tensor) -> Tensor:
        """`outputsᵀ @ inputs` over all rows: one product for all steps of a recurrence."""
        left, right = outputs.flatten(0, -2), inputs.flatten(0, -2)
        product = torch.mm(left.t().to(self.dtype), right.to(self.dtype))
        return product.to(outputs.dtype)
