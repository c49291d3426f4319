"""The rows of a greedy policy, copied out of a table so that they lie together in memory."""

from __future__ import annotations

import numpy as np

from latimer.rl.mdp.arrays import Floats
from latimer.rl.mdp.finite_mdp import FiniteMDP
from latimer.rl.mdp.kernels import copying_sweep, policy_sweep


class PolicyRows:
    """A slot for each state, as wide as its widest row; an improvement copies what it changes.

    Evaluating is then cheap: one row a state, read from the first to the last. `chosen` [states]
    are the rows held, -1 before the first improvement.
    """

    def __init__(self, mdp: FiniteMDP) -> None:
        row_start, indptr, *_ = mdp.table
        widest = np.maximum.reduceat(np.diff(indptr), row_start[:-1])
        self.chosen = np.full(mdp.states, -1)
        self._mdp = mdp
        self._slot = np.concatenate([[0], np.cumsum(widest)[:-1]])
        self._width = np.zeros(mdp.states, np.int64)
        self._to = np.empty(int(widest.sum()), np.uint32)
        self._share = np.empty(int(widest.sum()))
        self._gain = np.zeros(mdp.states)

    def improve(self, values: Floats, updated: Floats) -> tuple[float, float]:
        """Write T v to `updated` and hold the greedy rows; least and greatest of T v - v."""
        entries = self._slot, self._width, self._to, self._share, self._gain
        return copying_sweep(*self._mdp.table, values, updated, self.chosen, *entries)

    def evaluate(self, values: Floats, updated: Floats) -> None:
        """Write T_π v to `updated` for the policy held; both are [states]."""
        entries = self._slot, self._width, self._to, self._share
        policy_sweep(*entries, self._gain, self._mdp.discount, values, updated)
