"""When sweeping may stop, and what it has then proved."""

from __future__ import annotations

import numpy as np

from latimer.rl.mdp.arrays import Floats, Ints
from latimer.rl.mdp.bounds import macqueen, rounding
from latimer.rl.mdp.check import check_limits
from latimer.rl.mdp.finite_mdp import FiniteMDP
from latimer.rl.mdp.solution import Solution, report_limit
from latimer.rl.planning.policy_iteration import improve_until_stable
from latimer.rl.planning.undiscounted import ending_policy, idle_states, near_greedy_rows


class Stopping:
    """The test after each sweep of a planner, and the solution when it is over.

    Discounted: stop when MacQueen's bounds are within 2 · accuracy of each other. Undiscounted,
    small changes prove nothing: stop when no value changes by more than the accuracy, then let
    policy iteration go on from the policy found, which proves the values or mends them.
    """

    def __init__(
        self, mdp: FiniteMDP, accuracy: float, max_iterations: int, *, simultaneous: bool
    ) -> None:
        """simultaneous: whether sweeps are Jacobi sweeps, for which the bounds are tighter."""
        check_limits(accuracy, max_iterations)
        self.mdp, self.accuracy = mdp, accuracy
        self.stochastic = simultaneous and mdp.stochastic
        self.undiscounted = mdp.discount == 1
        self.horizon = np.inf if self.undiscounted else 1 / (1 - mdp.discount)
        self.idle = idle_states(mdp) if self.undiscounted else np.zeros(mdp.states, bool)
        self.gaps: list[float] = []
        self.change = (-np.inf, np.inf)
        self.sweeps, self.exhausted = 0, False

    def reached(self, low: float, high: float, updated: Floats) -> bool:
        """Whether a sweep that wrote `updated`, with changes from `low` to `high`, is enough.

        Where it is not, but changes are mere rounding, `exhausted` says that none will ever be.
        """
        self.change = (low, high)
        self.sweeps += 1
        if not self.stochastic:
            low, high = min(low, 0.0), max(high, 0.0)
        if self.sweeps % 64 == 0:
            self.exhausted = high - low <= rounding(updated, self.mdp.reward) / 8
        if self.undiscounted:
            return max(-low, high) <= self.accuracy or self.exhausted
        self.gaps.append((high - low) * (self.horizon - 1) / 2)
        return self.gaps[-1] <= self.accuracy

    def solution(
        self,
        name: str,
        updated: Floats,
        chosen: Ints,
        iterations: int,
        backups: int,
        converged: bool,
    ) -> Solution:
        """What the last sweep, which wrote `updated` and chose rows, has proved."""
        if self.undiscounted and converged:
            return self._proved(updated, iterations, backups)
        if self.undiscounted:
            lower, upper = np.full_like(updated, -np.inf), np.full_like(updated, np.inf)
            values = updated
        else:
            low, high = self.change
            lower, upper = macqueen(updated, low, high, self.horizon, self.stochastic)
            values = (lower + upper) / 2
        policy = self.mdp.action[chosen]
        found = Solution(values, lower, upper, iterations, converged, policy, backups, self.gaps)
        if not converged:
            report_limit(name, iterations, found.bound)
        return found

    def _proved(self, updated: Floats, iterations: int, backups: int) -> Solution:
        rows = near_greedy_rows(self.mdp, updated, 10 * self.accuracy)
        rows = ending_policy(self.mdp) if rows is None else rows
        last = improve_until_stable(self.mdp, rows, self.idle, self.accuracy, 10_000)
        return Solution(
            last.values,
            last.lower,
            last.upper,
            iterations,
            last.converged,
            last.policy,
            backups + last.backups,
            last.gaps,
        )
