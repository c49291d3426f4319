"""How well values foresee what follows."""

from __future__ import annotations

from torch import Tensor

from latimer.rl.td_targets import monte_carlo
from latimer.train.trajectories import Trajectories

CRITIC_FIGURES = ("critic_error", "explained_variance")


def critic_figures(found: Trajectories, values: Tensor) -> dict[str, Tensor]:
    """`CRITIC_FIGURES` of the critic's `values [tokens]` of the actions taken.

    critic_error is the root of their mean squared difference from the returns that followed;
    explained_variance 1 − Var(G − q) / Var(G), 1 of a critic that foresees all.
    """
    returns = found.packed(monte_carlo(found.rewards, found.discounts))
    errors = returns - values
    unexplained = errors.var(correction=0) / returns.var(correction=0).clamp(min=1e-12)
    return {
        "critic_error": errors.square().mean().sqrt(),
        "explained_variance": 1 - unexplained,
    }
