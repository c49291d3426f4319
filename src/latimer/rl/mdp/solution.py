"""What planning returns."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

from latimer.rl.mdp.arrays import Floats, Ints


class ConvergenceWarning(UserWarning):
    """An iteration limit was reached before the accuracy asked for."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Values of one policy: values, lower, upper [states]; lower <= truth <= upper."""

    values: Floats
    lower: Floats
    upper: Floats
    iterations: int
    converged: bool

    @property
    def bound(self) -> float:
        """The greatest possible error of `values` in any state."""
        return float(max((self.upper - self.values).max(), (self.values - self.lower).max()))


@dataclass(frozen=True, eq=False)
class Solution(Evaluation):
    """Optimal values and a policy [states] (actions) that is greedy for them.

    lower <= V* <= upper holds in every state, up to rounding. iterations: sweeps over all states or
    improvements of the policy; backups: state-action pairs looked ahead from; gaps: the certified
    error after each iteration that computed one.
    """

    policy: Ints
    backups: int
    gaps: list[float]


@dataclass(frozen=True, eq=False)
class HorizonSolution:
    """Optimal play for a fixed number of steps.

    values [horizon + 1, states]: values[k] with k steps to go; policy [horizon + 1, states]:
    the action to take then, policy[0] being -1 throughout.
    """

    values: Floats
    policy: Ints


def report_limit(method: str, limit: int, bound: float) -> None:
    """Warn that `limit` iterations, or the precision of floating point, were not enough."""
    warnings.warn(
        f"{method} stopped after {limit} iterations, short of the accuracy asked for; "
        f"the values may be off by {bound:.3g}",
        ConvergenceWarning,
        stacklevel=3,
    )
