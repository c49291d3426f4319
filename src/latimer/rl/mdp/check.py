"""Refuse numbers that make no decision process, naming the state and the action."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy import sparse

from latimer.errors import InputError
from latimer.rl.mdp.arrays import Floats, Rows

SLACK = 1e-9
"""How far from 1 probabilities may sum through rounding."""


def check_start(start: Floats | None, states: int) -> None:
    """InputError unless `start` is None or a distribution [states]."""
    if start is None:
        return
    total = start.sum() if start.shape == (states,) else np.nan
    if not (abs(total - 1) <= SLACK and start.min() >= 0):
        raise InputError(f"start is no distribution over the {states} states")


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


def check_names(
    rows: Rows, state_names: Sequence[str] | None, action_names: Sequence[str] | None
) -> None:
    """InputError unless there is a name for every state and every action."""
    states = rows.continuation.shape[1]
    if state_names is not None and len(state_names) != states:
        raise InputError(f"{len(state_names)} state names for {states} states")
    if action_names is not None and len(rows.action) and rows.action.max() >= len(action_names):
        raise InputError(f"{len(action_names)} action names, but action {rows.action.max()}")


def check_rows(rows: Rows, name: Callable[[int, int | None], str]) -> None:
    """InputError for rows that are no decision process; `name` names a state and an action."""
    states = rows.continuation.shape[1]
    lengths = {len(rows.state), len(rows.action), len(rows.termination), len(rows.reward)}
    if lengths != {rows.continuation.shape[0]}:
        raise InputError("state, action, continuation, termination and reward differ in length")
    if len(rows.state) and (
        rows.state.min() < 0 or rows.state.max() >= states or rows.action.min() < 0
    ):
        raise InputError(f"a row's state is outside 0 to {states - 1}, or its action below 0")
    counts = np.bincount(rows.state, minlength=states)
    if not counts.all():
        raise InputError(f"{name(int(np.argmin(counts)), None)} has no legal action")
    order = rows.state[1:] - rows.state[:-1]
    wrong = (order < 0) | ((order == 0) & (rows.action[1:] <= rows.action[:-1]))
    if wrong.any():
        row = int(np.argmax(wrong)) + 1
        where = name(int(rows.state[row]), int(rows.action[row]))
        raise InputError(f"{where}: listed twice, or rows are not sorted by state and action")
    bad = bad_row(rows.continuation, rows.termination, rows.reward)
    if bad is not None:
        row, why = bad
        raise InputError(f"{name(int(rows.state[row]), int(rows.action[row]))}: {why}")
