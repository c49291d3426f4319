"""How well values predict returns."""

from __future__ import annotations

import torch
from torch import Tensor

from latimer.rl.td_targets import monte_carlo
from latimer.train.objectives.trajectories import Trajectories

CRITIC_FIGURES = ("critic_error", "explained_variance")

LEAST = 1e-6
"""Below this variance, returns count as equal: it is that of rounding."""


def critic_figures(found: Trajectories, values: Tensor) -> dict[str, Tensor]:
    """`CRITIC_FIGURES` of the critic's `values [tokens]` of the actions taken.

    critic_error: root mean squared difference from the returns; explained_variance:
    1 − Var(G − q) / Var(G), at most 1, and 0 where all returns are equal. Values below −1 count as
    −1, so that means over several batches make sense.
    """
    returns = found.packed(monte_carlo(found.rewards, found.discounts))
    errors = returns - values
    spread = returns.var(correction=0)
    unexplained = errors.var(correction=0) / spread.clamp(min=LEAST)
    unexplained = torch.where(spread > LEAST, unexplained.clamp(max=2.0), 1.0)
    return {
        "critic_error": errors.square().mean().sqrt(),
        "explained_variance": 1 - unexplained,
    }
