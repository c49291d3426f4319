"""Refuse numbers that make no decision process, naming the state and the action."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from latimer.errors import InputError
from latimer.rl.mdp.arrays import Floats

if TYPE_CHECKING:
    from latimer.rl.mdp.finite_mdp import FiniteMDP

SLACK = 1e-9
"""How far from 1 probabilities may sum through rounding."""


def check_mdp(mdp: FiniteMDP) -> None:
    """InputError for anything wrong with a decision process; see the messages."""
    check_discount(mdp.discount)
    _check_names(mdp)
    _check_rows(mdp)
    wrong = bad_row(mdp.continuation, mdp.termination, mdp.reward)
    if wrong is not None:
        row, why = wrong
        raise InputError(f"{mdp.name(int(mdp.state[row]), int(mdp.action[row]))}: {why}")
    if mdp.start is not None:
        start = np.asarray(mdp.start)
        total = start.sum() if start.shape == (mdp.states,) else np.nan
        if not (abs(total - 1) <= SLACK and start.min() >= 0):
            raise InputError(f"start is no distribution over the {mdp.states} states")


def check_discount(discount: float) -> None:
    """InputError unless 0 <= discount <= 1."""
    if not 0 <= discount <= 1:
        raise InputError(f"discount {discount} is outside [0, 1]")


def check_limits(accuracy: float, max_iterations: int) -> None:
    """InputError unless both are above 0."""
    if not accuracy > 0:
        raise InputError(f"accuracy {accuracy} is not above 0")
    if max_iterations < 1:
        raise InputError(f"max_iterations is {max_iterations}; it must be 1 or more")


def bad_row(
    continuation: sparse.csr_array, termination: Floats, reward: Floats
) -> tuple[int, str] | None:
    """The first row whose numbers are wrong and what is wrong with it, or None."""
    rows = np.repeat(np.arange(len(reward)), np.diff(continuation.indptr))
    finite = np.isfinite(continuation.data)
    low = continuation.data < 0
    for entries, why in ((~finite, "a probability is not a number"), (low, "is negative")):
        if entries.any():
            at = int(np.argmax(entries))
            value, successor = continuation.data[at], continuation.indices[at]
            return int(rows[at]), f"probability {value:g} of successor {successor}: {why}"
    for bad, what in (
        (~(termination >= 0), "probability of ending is negative or not a number"),
        (~np.isfinite(reward), "reward is not a finite number"),
    ):
        if bad.any():
            return int(np.argmax(bad)), what
    sums = continuation.sum(axis=1) + termination
    wrong = np.abs(sums - 1) > SLACK
    if wrong.any():
        row = int(np.argmax(wrong))
        return row, f"probabilities sum to {sums[row]:.10g}, not 1"
    return None


def _check_names(mdp: FiniteMDP) -> None:
    if mdp.state_names is not None and len(mdp.state_names) != mdp.states:
        raise InputError(f"{len(mdp.state_names)} state names for {mdp.states} states")
    if mdp.action_names is not None and mdp.rows and mdp.action.max() >= len(mdp.action_names):
        raise InputError(f"{len(mdp.action_names)} action names, but action {mdp.action.max()}")


def _check_rows(mdp: FiniteMDP) -> None:
    lengths = {len(mdp.state), len(mdp.action), len(mdp.termination), len(mdp.reward)}
    if lengths != {mdp.continuation.shape[0]}:
        raise InputError("state, action, continuation, termination and reward differ in length")
    if mdp.rows and (mdp.state.min() < 0 or mdp.state.max() >= mdp.states or mdp.action.min() < 0):
        raise InputError(f"a row's state is outside 0 to {mdp.states - 1}, or its action below 0")
    counts = np.bincount(mdp.state, minlength=mdp.states)
    if not counts.all():
        raise InputError(f"{mdp.name(int(np.argmin(counts)))} has no legal action")
    order = mdp.state[1:] - mdp.state[:-1]
    wrong = (order < 0) | ((order == 0) & (mdp.action[1:] <= mdp.action[:-1]))
    if wrong.any():
        row = int(np.argmax(wrong)) + 1
        where = mdp.name(int(mdp.state[row]), int(mdp.action[row]))
        raise InputError(f"{where}: listed twice, or rows are not sorted by state and action")
