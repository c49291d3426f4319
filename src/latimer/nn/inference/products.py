"""The matrix products of search, by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from threading import Lock
from typing import Any

import torch
from torch import Tensor

from latimer.errors import InputError
from latimer.nn.inference.fp16 import fp16_weight, fp16_works
from latimer.nn.inference.int8 import Int8Weight, int8_exact
from latimer.nn.inference.quantised import QuantisedWeight, product_seconds, quantised
from latimer.threads import one_thread

PRODUCTS: dict[str, Callable[[Any], Any]] = {
    "fp32": lambda network: network,
    "fp16": partial(quantised, kind=fp16_weight),
    "int8": partial(quantised, kind=Int8Weight, parts=("encoder", "decoder", "output")),
}
"""What is made of a network for products in each precision."""

MANY, FEW = 128, 5
"""Rows of a step of search in batches, and of one sentence with a beam of 5."""


GAIN, GAIN_ALONE = 1.5, 1.2
"""So many times as fast as in float32 products must be to be taken, in batches and alone."""

_measuring = Lock()


def choose_products(wanted: str, device: torch.device, *, alone: bool = False) -> str:
    """A name in `PRODUCTS` for search on `device`: the one `wanted`, or for `auto` what pays.

    That is measured once in a process. In batches it is int8, where that is faster there. For a
    sentence `alone`, and for batches elsewhere, it is what is faster for one sentence: fp16 or,
    where it pays in batches, int8.
    Raises InputError for another name, for int8 where its sums are not exact and for fp16 where
    PyTorch has no such products.
    """
    if wanted == "auto":
        with _measuring, one_thread():
            return "int8" if not alone and _int8_pays(device) else _fastest_alone(device)
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


@cache
def _int8_pays(device: torch.device) -> bool:
    """Whether int8 is faster in batches, by trying."""
    if not int8_exact(device):
        return False
    return GAIN * product_seconds(Int8Weight, MANY) < product_seconds(None, MANY)


@cache
def _fastest_alone(device: torch.device) -> str:
    """The name of the fastest products for one sentence, by trying."""
    kinds: dict[str, Callable[[Tensor], QuantisedWeight | None]] = {}
    if fp16_works(device):
        kinds["fp16"] = fp16_weight
    if _int8_pays(device):
        kinds["int8"] = Int8Weight
    if not kinds:
        return "fp32"
    seconds = {name: product_seconds(kind, FEW) for name, kind in kinds.items()}
    best = min(seconds, key=lambda name: seconds[name])
    return best if GAIN_ALONE * seconds[best] < product_seconds(None, FEW) else "fp32"
