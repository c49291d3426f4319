"""Gymnasium's table of transitions as arrays that compiled code walks on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from latimer.errors import InputError
from latimer.rl.mdp.arrays import Floats


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
    def of(cls, outcomes: Mapping[int, Mapping[int, Sequence[Any]]], start: ArrayLike) -> Table:
        """From `P[state][action] = [(probability, successor, reward, ended), …]`.

        InputError names a state and action whose probabilities do not sum to 1.
        """
        states, actions = len(outcomes), len(outcomes[0])
        width = max(len(outcomes[s][a]) for s in range(states) for a in range(actions))
        shape = (states, actions, width)
        probability, reward = np.zeros(shape), np.zeros(shape)
        successor, ended = np.zeros(shape, np.int64), np.zeros(shape, np.bool_)
        ways = np.zeros(shape[:2], np.int64)
        for s in range(states):
            for a in range(actions):
                ways[s, a] = len(outcomes[s][a])
                for k, (p, after, r, end) in enumerate(outcomes[s][a]):
                    probability[s, a, k], successor[s, a, k] = p, after
                    reward[s, a, k], ended[s, a, k] = r, end
                total = probability[s, a].sum()
                if not abs(total - 1) < 1e-6 or not (probability[s, a] >= 0).all():
                    raise InputError(
                        f"state {s}, action {a}: probabilities sum to {total:g}, not 1"
                    )
        begin = np.cumsum(np.asarray(start, dtype=np.float64))[None, None]
        return cls(begin, np.cumsum(probability, axis=2), successor, reward, ended, ways)
