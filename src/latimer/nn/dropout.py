"""Dropout whose mask costs a byte of randomness for each element instead of a word."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

LEVELS = 256

_thread = threading.local()


@contextmanager
def noise(generator: torch.Generator) -> Iterator[None]:
    """Draw this thread's masks from `generator`, on the device of the inputs.

    The default generator is shared by all threads, so that masks drawn from it by several of
    them would depend on which came first.
    """
    before = getattr(_thread, "generator", None)
    _thread.generator = generator
    try:
        yield
    finally:
        _thread.generator = before


@contextmanager
def silence() -> Iterator[None]:
    """Let nothing be dropped in this thread, whatever mode the modules are in.

    A policy that is sampled from is a fixed distribution: networks shared by several threads
    cannot be switched to evaluation by one of them.
    """
    before = getattr(_thread, "silent", False)
    _thread.silent = True
    try:
        yield
    finally:
        _thread.silent = before


def generator() -> torch.Generator | None:
    """Where this thread's random numbers come from; None is PyTorch's own generator."""
    found: torch.Generator | None = getattr(_thread, "generator", None)
    return found


class Dropout(nn.Module):
    """Zero elements with probability `p`, rounded to 1/256; scale the rest to keep the mean.

    Srivastava et al. 2014, in the inverted form. On a CPU drawing the mask is a visible share of
    a training step; one 64-bit draw serves eight elements here. Raises ValueError unless
    0 ≤ p < 1.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        if not 0 <= p < 1:
            raise ValueError(f"dropout must be at least 0 and below 1, not {p}")
        self.p = p
        self.threshold = min(round(p * LEVELS), LEVELS - 1)

    def forward(self, inputs: Tensor) -> Tensor:
        """`inputs` of any shape, dropped while training and unchanged otherwise."""
        if not self.training or not self.threshold or getattr(_thread, "silent", False):
            return inputs
        dropped: Tensor = _Drop.apply(inputs, self.threshold)
        return dropped

    def extra_repr(self) -> str:
        """What `print(network)` shows."""
        return f"p={self.p}"


class _Drop(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, inputs: Tensor, threshold: int) -> Tensor:
        words = torch.empty((inputs.numel() + 7) // 8, dtype=torch.int64, device=inputs.device)
        # The bounds make all 64 bits random; `random_()` alone leaves the sign bit at zero.
        lowest = torch.iinfo(torch.int64).min
        words.random_(lowest, None, generator=generator())
        keep = words.view(torch.uint8)[: inputs.numel()].view(inputs.shape) >= threshold
        ctx.save_for_backward(keep)
        ctx.scale = LEVELS / (LEVELS - threshold)
        return inputs.mul(keep).mul_(ctx.scale)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (keep,) = ctx.saved_tensors
        return gradients[0].mul(keep).mul_(ctx.scale), None
