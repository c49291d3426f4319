"""A replay buffer: the newest steps replace the oldest."""

from __future__ import annotations

import torch
from torch import Tensor


class Replay:
    """Up to `size` steps (Lin 1992); discrete actions, or continuous ones of `dimensions`."""

    def __init__(
        self, size: int, features: int, device: torch.device, dimensions: int | None = None
    ) -> None:
        self.size, self.count, self._next = size, 0, 0
        shape, dtype = ((), torch.long) if dimensions is None else ((dimensions,), torch.float32)
        self._parts = (
            torch.zeros(size, features, device=device),
            torch.zeros(size, *shape, dtype=dtype, device=device),
            torch.zeros(size, device=device),
            torch.zeros(size, device=device),
            torch.zeros(size, features, device=device),
        )

    def add(self, *steps: Tensor) -> None:
        """Observations `[n, features]`, actions, rewards, discounts `[n]`, next observations."""
        n = len(steps[0])
        places = (self._next + torch.arange(n, device=steps[0].device)) % self.size
        for part, values in zip(self._parts, steps, strict=True):
            part[places] = values
        self._next = (self._next + n) % self.size
        self.count = min(self.count + n, self.size)

    def draw(self, batch: int, generator: torch.Generator) -> tuple[Tensor, ...]:
        """`batch` steps, each drawn from all that are held, as `add` took them."""
        device = self._parts[0].device
        places = torch.randint(self.count, (batch,), generator=generator, device=device)
        return tuple(part[places] for part in self._parts)

    def held(self) -> tuple[Tensor, ...]:
        """All steps."""
        return tuple(part[: self.count] for part in self._parts)
