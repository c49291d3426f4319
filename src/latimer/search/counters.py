"""Random numbers that are functions of a counter, so that each can be had without the others."""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor


def uniform_numbers(counter: Tensor) -> Tensor:
    """A number from 0 to 1, 1 excluded, for every counter: float64 with 53 random bits."""
    return ((mixed(counter) >> 11) & ((1 << 53) - 1)).double() * 2.0**-53


def mixed(numbers: Tensor) -> Tensor:
    """SplitMix64 (Steele et al. 2014) on 64-bit numbers, which wrap around."""
    z = numbers + signed(0x9E3779B97F4A7C15, numbers.device)
    z = (z ^ _shifted(z, 30)) * signed(0xBF58476D1CE4E5B9, numbers.device)
    z = (z ^ _shifted(z, 27)) * signed(0x94D049BB133111EB, numbers.device)
    return z ^ _shifted(z, 31)


def signed(number: int, device: torch.device) -> Tensor:
    """A number of at most 64 bits as a signed one."""
    wrapped = number % 2**64
    return torch.tensor(wrapped - 2**64 if wrapped >= 2**63 else wrapped, device=device)


def _shifted(numbers: Tensor, bits: int) -> Tensor:
    """Shifted to the right with noughts coming in, as unsigned numbers are."""
    return (numbers >> bits) & ((1 << (64 - bits)) - 1)


def text_key(text: str) -> int:
    """A key for `sample` that depends on the text alone."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=7).digest())
