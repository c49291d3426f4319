"""The number of updates made, as part of a run's state."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class UpdateCount(nn.Module):
    """A counter that is saved and restored with the modules of an objective."""

    updates: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("updates", torch.tensor(0))
