"""The states of all random number generators of a process, as tensors of fixed shape.

Tensors can be stored with safetensors and gathered from other processes, which needs fixed shapes.
"""

from __future__ import annotations

import random
import struct
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor


def seed_everything(seed: int) -> None:
    """Seed torch (every device), numpy and Python."""
    torch.manual_seed(seed)
    np.random.seed(seed % 2**32)
    random.seed(seed)


def capture(device: torch.device) -> dict[str, Tensor]:
    """The random states of this process and of `device`, on the CPU."""
    states = {
        "torch": torch.get_rng_state(),
        "numpy": _capture_numpy(),
        "python": _capture_python(),
    }
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    return states


def restore(states: dict[str, Tensor], device: torch.device) -> None:
    """Restore what `capture` returned; a device without a captured state keeps its own."""
    torch.set_rng_state(states["torch"])
    _restore_numpy(states["numpy"].tolist())
    _restore_python(states["python"].tolist())
    if device.type == "cuda" and "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"], device)


def _capture_numpy() -> Tensor:
    """`[627]`: 624 words of the Mersenne twister, its position, and the cached normal variate."""
    _, words, place, has_spare, spare = cast(tuple[Any, ...], np.random.get_state(legacy=True))
    return torch.tensor([*(int(word) for word in words), place, has_spare, _bits(spare)])


def _restore_numpy(values: list[int]) -> None:
    *words, place, has_spare, spare = values
    state = np.array(words, dtype=np.uint32)
    np.random.set_state(("MT19937", state, place, has_spare, _number(spare)))


def _capture_python() -> Tensor:
    """`[627]`: 625 words of the Mersenne twister, and the cached normal variate."""
    _, words, spare = random.getstate()
    return torch.tensor([*words, spare is not None, _bits(spare or 0.0)])


def _restore_python(values: list[int]) -> None:
    *words, has_spare, spare = values
    random.setstate((3, tuple(words), _number(spare) if has_spare else None))


def _bits(number: float) -> int:
    return int(struct.unpack("<q", struct.pack("<d", number))[0])


def _number(bits: int) -> float:
    return float(struct.unpack("<d", struct.pack("<q", bits))[0])
