"""Truncation of a distribution to its most probable tokens: top-k and top-p."""

from __future__ import annotations

import torch
from torch import Tensor


def truncated(chances: Tensor, top_k: int | None, top_p: float | None) -> Tensor:
    """`chances [rows, vocab]` with 0 for all but the tokens to choose from.

    Those are the `top_k` most probable (Fan et al. 2018), and the fewest that hold a share `top_p`
    of the sum (Holtzman et al. 2020).
    """
    ordered, places = chances.sort(dim=1, descending=True, stable=True)
    keep = torch.ones_like(ordered, dtype=torch.bool)
    if top_k is not None:
        keep[:, top_k:] = False
    if top_p is not None:
        share = ordered / ordered.sum(1, keepdim=True)
        keep &= share.cumsum(1) - share < top_p  # up to the one that reaches the share
    return torch.zeros_like(chances).scatter_(1, places, ordered * keep)
