"""Gymnasium's table of transitions, `P[state][action] = [(p, successor, reward, terminated), …]`.

It is read and checked here, once; planning, tabular learning and environments take the result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from numbers import Integral, Real
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import ArrayLike

from latimer.errors import InputError
from latimer.rl.mdp.arrays import Flags, Floats, Ints
from latimer.rl.mdp.check import SLACK, check_start


@dataclass(frozen=True, eq=False)
class OutcomeTable:
    """A checked table. Rows are the pairs of a state and an action, sorted by both.

    state, action [rows]; first [rows + 1]: the outcomes of row i are first[i] .. first[i + 1] - 1;
    probability, successor, reward, terminated [outcomes], in the order in which they were listed;
    start [states]: distribution of the first state, or None.
    """

    states: int
    state: Ints
    action: Ints
    first: Ints
    probability: Floats
    successor: Ints
    reward: Floats
    terminated: Flags
    start: Floats | None

    @property
    def row(self) -> Ints:
        """The row of every outcome [outcomes]."""
        return np.repeat(np.arange(len(self.state)), np.diff(self.first))

    @property
    def actions(self) -> int:
        """Number of actions."""
        return int(self.action.max()) + 1

    def check_complete(self) -> None:
        """InputError unless episodes can begin and every action is legal in every state."""
        if self.start is None:
            raise InputError(
                "the process has no start distribution, so no episode can begin; give it one"
            )
        if len(self.state) == self.states * self.actions:
            return
        legal = np.zeros((self.states, self.actions), np.bool_)
        legal[self.state, self.action] = True
        state, action = np.argwhere(~legal)[0]
        raise InputError(
            f"state {state} lacks action {action}; learning needs every action legal in every state"
        )

    @classmethod
    def of_environment(cls, env: gymnasium.Env[Any, Any]) -> OutcomeTable | None:
        """The checked table `P` of an environment that shows one, else None.

        A limit on steps is no part of it.
        """
        inner = env.unwrapped
        table = getattr(inner, "P", None)
        if table is None:
            return None
        return cls.parse(table, getattr(inner, "initial_state_distrib", None))

    @classmethod
    def parse(cls, table: Mapping[Any, Any], start: ArrayLike | None = None) -> OutcomeTable:
        """Read `P` and the distribution of the first state [states].

        InputError names the state and action of the first mistake: states that are not 0 .. n - 1,
        a state without actions, an entry of another shape, a successor that is no state,
        probabilities that are negative, not finite or do not sum to 1 (within 1e-9), a reward that
        is not finite; or says that `start` is no distribution.
        """
        if not isinstance(table, Mapping):
            raise InputError(f"expected a mapping of states to actions, not {type(table).__name__}")
        if not table:
            raise InputError("the table has no states")
        if set(table) != set(range(len(table))):
            raise InputError(f"the table's states are not 0, 1, … {len(table) - 1}")
        pairs: list[tuple[int, int]] = []
        counts: list[int] = []
        outcomes: list[tuple[float, int, float, bool]] = []
        for state in range(len(table)):
            for action in _actions(table[state], state):
                read = _outcomes(table[state][action], state, action, len(table))
                pairs.append((state, action))
                counts.append(len(read))
                outcomes += read
        probability, successor, reward, terminated = zip(*outcomes, strict=True)
        begin = None if start is None else np.asarray(start, dtype=float)
        check_start(begin, len(table))
        state_, action_ = np.array(pairs, dtype=np.int64).T
        return cls(
            len(table), state_, action_, np.concatenate([[0], np.cumsum(counts)]),
            np.array(probability, dtype=float), np.array(successor, dtype=np.int64),
            np.array(reward, dtype=float), np.array(terminated, dtype=bool), begin,
        )  # fmt: skip


def _actions(actions: Any, state: int) -> list[int]:
    """The actions of a state, in order."""
    if not isinstance(actions, Mapping):
        raise InputError(f"state {state}: expected a mapping of actions to outcomes")
    if not actions:
        raise InputError(f"state {state} has no legal action")
    for action in actions:
        if not isinstance(action, Integral) or isinstance(action, bool) or action < 0:
            raise InputError(f"state {state}: action {action!r} is not a whole number from 0")
    return sorted(actions)


def _outcomes(
    listed: Any, state: int, action: int, states: int
) -> list[tuple[float, int, float, bool]]:
    """The outcomes of a pair; see `OutcomeTable.parse`."""
    where = f"state {state}, action {action}"
    if not isinstance(listed, Sequence) or isinstance(listed, str) or not listed:
        raise InputError(
            f"{where}: expected a list of (probability, successor, reward, terminated)"
        )
    found, total = [], 0.0
    for entry in listed:
        if not isinstance(entry, tuple | list) or len(entry) != 4:
            raise InputError(
                f"{where}: {entry!r} is not (probability, successor, reward, terminated)"
            )
        probability, successor, reward, terminated = entry
        if not isinstance(probability, Real) or not isfinite(probability) or probability < 0:
            raise InputError(
                f"{where}: probability {probability} is negative or not a finite number"
            )
        if not isinstance(successor, Integral) or not 0 <= int(successor) < states:
            raise InputError(f"{where}: successor {successor} is no state (0 to {states - 1})")
        if not isinstance(reward, Real) or not isfinite(reward):
            raise InputError(f"{where}: reward {reward} is not a finite number")
        if terminated not in (False, True):
            raise InputError(f"{where}: terminated is {terminated!r}, not True or False")
        total += float(probability)
        found.append((float(probability), int(successor), float(reward), bool(terminated)))
    if abs(total - 1) > SLACK:
        raise InputError(f"{where}: probabilities sum to {total:.10g}, not 1")
    return found
