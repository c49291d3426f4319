"""The matrix products of search, by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from latimer.errors import InputError
from latimer.nn.fp16 import fp16_weight, fp16_works
from latimer.nn.int8 import Int8Weight, int8_exact
from latimer.nn.rounded import pays, rounded

PRODUCTS: dict[str, Callable[[Any], Any]] = {
    "fp32": lambda network: network,
    "fp16": partial(rounded, kind=fp16_weight),
    "int8": partial(rounded, kind=Int8Weight, parts=("encoder", "decoder", "output")),
}
"""What is made of a network for products in each precision."""

MANY, FEW = 128, 5
"""Rows of a step of search in batches, and of one sentence with a beam of 5."""


def choose_products(wanted: str, device: torch.device) -> str:
    """A name in `PRODUCTS` for search on `device`: the one `wanted`, or for `auto` what pays.

    That is int8 where it is faster in batches, or else fp16 where it is faster for one sentence.
    Raises InputError for another name, for int8 where its sums are not exact and for fp16 where
    PyTorch has no such products.
    """
    if wanted == "auto":
        if int8_exact(device) and pays(Int8Weight, MANY):
            return "int8"
        return "fp16" if fp16_works(device) and pays(fp16_weight, FEW, gain=1.2) else "fp32"
    if wanted not in PRODUCTS:
        raise InputError(f"precision {wanted!r}: choose one of auto, {', '.join(PRODUCTS)}")
    if wanted == "int8" and not int8_exact(device):
        raise InputError(
            f"precision int8: products of 8-bit integers are not exact on this {device.type}; "
            "choose fp32"
        )
    if wanted == "fp16" and not fp16_works(device):
        raise InputError(
            f"precision fp16: PyTorch has no products with 16-bit weights on this {device.type}; "
            "choose fp32"
        )
    return wanted
