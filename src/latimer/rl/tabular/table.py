"""A table of outcomes as dense arrays, for compiled code."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from latimer.rl.mdp.arrays import Floats
from latimer.rl.mdp.outcome_table import OutcomeTable


class Table(NamedTuple):
    """Outcomes of every state and action, padded; `counts` of them are valid.

    start [1, 1, states]: cumulative distribution of the first state. cumulative (probability),
    successor, reward, terminated [states, actions, outcomes]; counts [states, actions].
    """

    start: Floats
    cumulative: Floats
    successor: NDArray[np.int64]
    reward: Floats
    terminated: NDArray[np.bool_]
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, table: OutcomeTable) -> Table:
        """From a checked table; InputError as in `OutcomeTable.check_complete`."""
        table.check_complete()
        assert table.start is not None
        states, actions = table.states, table.actions
        number, row = np.diff(table.first), table.row
        at = table.state[row], table.action[row], np.arange(len(row)) - table.first[row]
        shape = (states, actions, int(number.max()))
        probability, reward = np.zeros(shape), np.zeros(shape)
        successor, terminated = np.zeros(shape, np.int64), np.zeros(shape, np.bool_)
        probability[at], reward[at] = table.probability, table.reward
        successor[at], terminated[at] = table.successor, table.terminated
        begin = np.cumsum(table.start)[None, None]
        counts = number.reshape(states, actions).astype(np.int64)
        return cls(begin, np.cumsum(probability, axis=2), successor, reward, terminated, counts)
