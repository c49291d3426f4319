"""The finite Markov decision process (Sutton & Barto 2018, chapter 3; Puterman 1994).

Kept as a list of *rows*, one for each state and each action that is legal there, sorted by state:

    continuation  [rows, states] sparse   p(s', the episode goes on | s, a)
    termination   [rows]                  p(the episode ends | s, a)
    reward        [rows]                  r(s, a), expected

so that ending belongs to the transition, as in Gymnasium, and not to the state reached. The value
of what comes after the end is 0, hence the Bellman operator

    (T v)(s) = max over a of  r(s, a) + γ Σ_s' p(s', goes on | s, a) v(s').
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from latimer.errors import InputError
from latimer.rl.mdp import build
from latimer.rl.mdp.arrays import Floats, Ints, Rows
from latimer.rl.mdp.check import check_discount, check_names, check_rows, check_start
from latimer.rl.mdp.environment import TableEnv
from latimer.rl.mdp.kernels import bellman_sweep
from latimer.rl.mdp.outcome_table import OutcomeTable
from latimer.rl.mdp.reward_process import MarkovRewardProcess


@dataclass(frozen=True, eq=False)
class FiniteMDP:
    """States 0 .. S - 1, actions 0 .. A - 1; see the module for the meaning of rows.

    state, action: int [rows], sorted by state, then by action. start: [states], the distribution
    of the first state, or None. Names serve messages and print-outs.
    Raises InputError naming the state and action whose numbers are wrong.
    """

    state: Ints
    action: Ints
    continuation: sparse.csr_array
    termination: Floats
    reward: Floats
    discount: float
    start: Floats | None = None
    state_names: Sequence[str] | None = None
    action_names: Sequence[str] | None = None

    def __post_init__(self) -> None:
        """Drop stored zeros, add up duplicates; refuse what is no decision process."""
        put = object.__setattr__  # the way for a frozen dataclass to bring its fields into shape
        put(self, "continuation", build.tidy(self.continuation))
        for name in ("state", "action"):
            put(self, name, np.ascontiguousarray(getattr(self, name), dtype=np.int64))
        for name in ("termination", "reward"):
            put(self, name, np.ascontiguousarray(getattr(self, name), dtype=float))
        if self.start is not None:
            put(self, "start", np.asarray(self.start, dtype=float))
        rows = Rows(self.state, self.action, self.continuation, self.termination, self.reward)
        check_discount(self.discount)
        check_names(rows, self.state_names, self.action_names)
        check_rows(rows, self.name)
        check_start(self.start, self.states)

    @classmethod
    def from_dense(
        cls,
        transition: ArrayLike,
        reward: ArrayLike,
        discount: float,
        *,
        terminal: ArrayLike | None = None,
        legal: ArrayLike | None = None,
        **names: Any,
    ) -> FiniteMDP:
        """From arrays.

        transition [states, actions, states]; reward R(s) [states], R(s, a) [states, actions] or
        R(s, a, s') [states, actions, states]; terminal: bool [states], where the episode is over:
        such a state pays its R(s), if rewards are of that form, and nothing else; legal: bool
        [states, actions]. Further keywords: start, state_names, action_names.
        """
        rows = build.rows_of_dense(transition, reward, terminal, legal)
        return cls(*rows, discount=discount, **names)

    @classmethod
    def from_sparse(
        cls,
        transitions: Sequence[Any],
        reward: Any,
        discount: float,
        *,
        terminal: ArrayLike | None = None,
        legal: ArrayLike | None = None,
        **names: Any,
    ) -> FiniteMDP:
        """From one SciPy sparse matrix [states, states] for each action.

        reward: R(s), R(s, a) as in `from_dense`, or a sequence of sparse matrices R(s, a, s').
        """
        rows = build.rows_of_sparse(transitions, reward, terminal, legal)
        return cls(*rows, discount=discount, **names)

    @classmethod
    def from_table(
        cls,
        table: Mapping[int, Mapping[int, Sequence[tuple[float, int, float, bool]]]] | OutcomeTable,
        discount: float,
        **names: Any,
    ) -> FiniteMDP:
        """From Gymnasium's `P`: table[state][action] = [(probability, successor, reward, ends)].

        A successor listed twice counts twice; only the flag `ends` ends the episode. A checked
        `OutcomeTable` brings its own start distribution.
        """
        if not isinstance(table, OutcomeTable):
            table = OutcomeTable.parse(table, names.pop("start", None))
        return cls(*build.rows_of_table(table), discount=discount, **{"start": table.start} | names)

    @property
    def states(self) -> int:
        """Number of states."""
        return int(self.continuation.shape[1])

    @property
    def rows(self) -> int:
        """Number of state-action pairs."""
        return len(self.reward)

    @cached_property
    def actions(self) -> int:
        """Number of actions."""
        return int(self.action.max()) + 1 if self.action_names is None else len(self.action_names)

    @cached_property
    def row_start(self) -> Ints:
        """int64 [states + 1]: the rows of state s are row_start[s] .. row_start[s + 1] - 1."""
        return np.searchsorted(self.state, np.arange(self.states + 1)).astype(np.int64)

    @cached_property
    def stochastic(self) -> bool:
        """Whether no transition ends the episode."""
        return not bool(np.any(self.termination > 0))

    @cached_property
    def table(self) -> tuple[Ints, Ints, Ints, Floats, Floats, float]:
        """The arrays that the kernels read."""
        matrix = self.continuation
        indptr, successor = matrix.indptr.astype(np.int64), matrix.indices.astype(np.uint32)
        return self.row_start, indptr, successor, matrix.data, self.reward, float(self.discount)

    @cached_property
    def outcome_table(self) -> OutcomeTable:
        """The outcomes of every row, each with the row's expected reward, to learn from.

        A row may end in one further outcome, in its own state. The means are those of the process.
        """
        matrix, ends = self.continuation, self.termination > 0
        going = np.diff(matrix.indptr)
        first = np.concatenate([[0], np.cumsum(going + ends)]).astype(np.int64)
        terminated = np.zeros(int(first[-1]), np.bool_)
        terminated[first[1:][ends] - 1] = True
        probability = np.empty(len(terminated))
        successor = np.empty(len(terminated), np.int64)
        probability[~terminated], probability[terminated] = matrix.data, self.termination[ends]
        successor[~terminated], successor[terminated] = matrix.indices, self.state[ends]
        reward = np.repeat(self.reward, going + ends)
        return OutcomeTable(
            self.states, self.state, self.action, first, probability, successor, reward,
            terminated, self.start,
        )  # fmt: skip

    def environment(self, render_mode: str | None = None) -> TableEnv:
        """The Gymnasium environment; render_mode: None, or `ansi`, which names the state.

        InputError without a start distribution or with illegal actions.
        """
        return TableEnv(self.outcome_table, lambda state: self.name(state) + "\n", render_mode)

    def with_discount(self, discount: float) -> FiniteMDP:
        """The same process with another discount."""
        return replace(self, discount=discount)

    def bellman(self, values: Floats) -> Floats:
        """T v [states]: the best expected reward and discounted value one step ahead."""
        updated = np.empty(self.states)
        bellman_sweep(*self.table, self._values(values), updated, self.first_rows(), 0.0)
        return updated

    def greedy(self, values: Floats) -> Ints:
        """The action [states] that looks best one step ahead; the first of several."""
        chosen = self.first_rows()
        bellman_sweep(*self.table, self._values(values), np.empty(self.states), chosen, 0.0)
        return self.action[chosen]

    def action_values(self, values: Floats) -> Floats:
        """Q [states, actions] one step ahead of `values` [states]; -inf where illegal."""
        q = np.full((self.states, self.actions), -np.inf)
        ahead = self.reward + self.discount * (self.continuation @ self._values(values))
        q[self.state, self.action] = ahead
        return q

    def first_rows(self) -> Ints:
        """The first row of every state, int64 [states]: a policy to begin with."""
        return self.row_start[:-1].copy()

    def row(self, state: int, action: int) -> int:
        """The row of a state and a legal action; InputError when it is not legal."""
        first, last = self.row_start[state], self.row_start[state + 1]
        at = first + int(np.searchsorted(self.action[first:last], action))
        if at == last or self.action[at] != action:
            raise InputError(f"{self.name(state)}: action {action} is not legal")
        return int(at)

    def name(self, state: int, action: int | None = None) -> str:
        """What messages call a state, or a state and an action."""
        text = f"state {state}"
        if self.state_names is not None:
            text += f" ({self.state_names[state]})"
        if action is not None:
            text += f", action {action}"
            if self.action_names is not None:
                text += f" ({self.action_names[action]})"
        return text

    def under(self, policy: ArrayLike) -> MarkovRewardProcess:
        """The Markov reward process of following a policy.

        policy: the action of each state, int [states], or the probability of each action,
        float [states, actions]. InputError when it takes an illegal action.
        """
        given = np.asarray(policy)
        if given.shape == (self.states,) and np.issubdtype(given.dtype, np.integer):
            return self.under_rows(self._rows_of(given))
        weights = self._weights(given)
        take = sparse.csr_array(
            (weights, (self.state, np.arange(self.rows))), shape=(self.states, self.rows)
        )
        return MarkovRewardProcess(
            take @ self.continuation, take @ self.termination, take @ self.reward, self.discount
        )

    def under_rows(self, chosen: Ints) -> MarkovRewardProcess:
        """The Markov reward process of taking row `chosen[s]` in state s."""
        return MarkovRewardProcess(
            self.continuation[chosen],
            self.termination[chosen],
            self.reward[chosen],
            self.discount,
            self.state_names,
        )

    def uniform_policy(self) -> Floats:
        """The policy [states, actions] that takes every legal action equally often."""
        policy = np.zeros((self.states, self.actions))
        policy[self.state, self.action] = 1.0
        return policy / policy.sum(axis=1, keepdims=True)

    def _rows_of(self, policy: Ints) -> Ints:
        """The row [states] of every state's action [states]."""
        pairs = self.state * self.actions + self.action
        wanted = np.arange(self.states) * self.actions + policy
        rows = np.minimum(np.searchsorted(pairs, wanted), self.rows - 1)
        wrong = (pairs[rows] != wanted) | (policy < 0) | (policy >= self.actions)
        if wrong.any():
            state = int(np.argmax(wrong))
            raise InputError(f"{self.name(state)}: action {policy[state]} is not legal")
        return rows

    def _weights(self, policy: Any) -> Floats:
        """The probability of each row [rows] under a policy [states, actions]."""
        if policy.shape != (self.states, self.actions):
            raise InputError(
                f"a policy has shape [{self.states}] (integers) or [{self.states}, "
                f"{self.actions}], not {list(policy.shape)} of {policy.dtype}"
            )
        weights = policy[self.state, self.action].astype(float)
        sums = np.bincount(self.state, weights=weights, minlength=self.states)
        wrong = ~np.isclose(sums, 1.0, rtol=0, atol=1e-9) | (policy.min(axis=1) < 0)
        if wrong.any():
            state = int(np.argmax(wrong))
            raise InputError(
                f"the policy's probabilities of legal actions in {self.name(state)} sum to "
                f"{sums[state]:.6g}, or one is negative; they must sum to 1"
            )
        return weights

    def _values(self, values: Floats) -> Floats:
        given = np.ascontiguousarray(values, dtype=float)
        if given.shape != (self.states,):
            raise InputError(f"values have shape [{self.states}], not {list(given.shape)}")
        return given
