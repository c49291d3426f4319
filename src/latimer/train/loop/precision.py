"""The precision of matrix products in training, chosen by measurement."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, nullcontext

import torch

from latimer.errors import InputError

PRECISIONS = ("auto", "fp32", "bf16")

GAIN = 1.25
"""How many times faster bf16 products must be to outweigh the casts around them."""


def choose_precision(wanted: str, device: torch.device) -> str:
    """`fp32` or `bf16`; for `auto`, whichever multiplies matrices faster on `device`.

    Raises InputError for another name.
    """
    *_, chosen = possible_precisions(wanted, device, GAIN)
    return chosen


def possible_precisions(wanted: str, device: torch.device, gain: float = 1.0) -> list[str]:
    """For `auto`: `fp32`, and `bf16` if its products are `gain` times as fast on `device`.

    Another precision stands for itself. Raises InputError for an unknown one.
    """
    if wanted not in PRECISIONS:
        raise InputError(f"precision {wanted!r}: choose one of {', '.join(PRECISIONS)}")
    if wanted != "auto":
        return [wanted]
    seconds = {dtype: measure(dtype, device) for dtype in (torch.float32, torch.bfloat16)}
    faster = seconds[torch.bfloat16] * gain < seconds[torch.float32]
    return ["fp32", "bf16"] if faster else ["fp32"]


def measure(dtype: torch.dtype, device: torch.device, budget: float = 0.1) -> float:
    """Seconds of the quickest product of `[256, 512]` by `[512, 1536]` within about `budget` s.

    The shape is that of a gate product for a batch of 256 tokens.
    """
    left = torch.ones(256, 512, device=device, dtype=dtype)
    right = torch.ones(1536, 512, device=device, dtype=dtype).t()
    best, begun = float("inf"), None
    while begun is None or best == float("inf") or time.perf_counter() - begun < budget:
        start = time.perf_counter()
        torch.mm(left, right)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        if begun is not None:
            best = min(best, time.perf_counter() - start)
        begun = begun or start  # the first product only loads the kernels
    return best


def autocast(precision: str, device: torch.device) -> AbstractContextManager[object]:
    """The context in which a loss is computed at `precision`."""
    if precision == "bf16":
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return nullcontext()
