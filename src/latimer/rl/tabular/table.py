"""A table of outcomes as arrays that compiled code walks on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from latimer.errors import InputError
from latimer.rl.mdp.arrays import Floats
from latimer.rl.mdp.outcome_table import OutcomeTable


class Table(NamedTuple):
    """Outcomes of every state and action, `ways` of them; what lies behind is never read.

    start [1, 1, states]: cumulative probability of beginning in a state. cumulative (probability),
    successor, reward, ended [states, actions, outcomes]; ways [states, actions].
    """

    start: Floats
    cumulative: Floats
    successor: NDArray[np.int64]
    reward: Floats
    ended: NDArray[np.bool_]
    ways: NDArray[np.int64]

    @classmethod
    def of(cls, table: OutcomeTable) -> Table:
        """From a checked table with a start; InputError where a state lacks one of the actions."""
        if table.start is None:
            raise InputError("the table has no start distribution, so no episode can begin")
        states, actions = table.states, int(table.action.max()) + 1
        if len(table.state) != states * actions:
            legal = np.zeros((states, actions), np.bool_)
            legal[table.state, table.action] = True
            state, action = np.argwhere(~legal)[0]
            raise InputError(
                f"state {state} lacks action {action}; tabular learning needs every action legal "
                "in every state"
            )
        counts, row = np.diff(table.first), table.row
        at = table.state[row], table.action[row], np.arange(len(row)) - table.first[row]
        shape = (states, actions, int(counts.max()))
        probability, reward = np.zeros(shape), np.zeros(shape)
        successor, ended = np.zeros(shape, np.int64), np.zeros(shape, np.bool_)
        probability[at], reward[at] = table.probability, table.reward
        successor[at], ended[at] = table.successor, table.terminated
        begin = np.cumsum(table.start)[None, None]
        ways = counts.reshape(states, actions).astype(np.int64)
        return cls(begin, np.cumsum(probability, axis=2), successor, reward, ended, ways)
