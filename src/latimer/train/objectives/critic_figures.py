"""How well values foresee what follows."""

from __future__ import annotations

import torch
from torch import Tensor

from latimer.rl.td_targets import monte_carlo
from latimer.train.objectives.trajectories import Trajectories

CRITIC_FIGURES = ("critic_error", "explained_variance")

LEAST = 1e-6
"""Returns that vary less are all the same: their variance is that of rounding."""


def critic_figures(found: Trajectories, values: Tensor) -> dict[str, Tensor]:
    """`CRITIC_FIGURES` of the critic's `values [tokens]` of the actions taken.

    critic_error is the root of their mean squared difference from the returns that followed;
    explained_variance 1 − Var(G − q) / Var(G), 1 of a critic that foresees all and 0 where there
    is nothing to foresee; less than −1 counts as −1, so that a mean of some can be told.
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
