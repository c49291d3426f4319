# mypy: disable-error-code="untyped-decorator"
"""Decision processes given by a compiled function: solved without ever building a matrix.

The function says what the k-th outcome of a state and action is,

    (probability, successor, reward) = transition(state, action, k),   0 <= k < outcomes,

with successor -1 where the episode ends. Outcomes that do not exist have probability 0; an action
all of whose outcomes have probability 0 is illegal. Numba compiles each solver for the function,
which is then part of the loop: a grid of a million cells needs memory for its values, no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
from numba import njit

from latimer.errors import InputError
from latimer.rl.mdp.arrays import Floats, Ints
from latimer.rl.mdp.bounds import macqueen
from latimer.rl.mdp.check import SLACK, check_discount, check_limits
from latimer.rl.mdp.finite_mdp import FiniteMDP
from latimer.rl.mdp.solution import Solution, report_limit

PATIENCE = 40
"""Improvements without a new smallest gap after which policies are no longer evaluated."""


@dataclass(frozen=True)
class ImplicitMDP:
    """transition: a function compiled by `numba.njit`, see the module; outcomes: most of any pair.

    Raises InputError, naming state and action, when probabilities or successors are wrong; every
    pair is looked at once.
    """

    states: int
    actions: int
    outcomes: int
    transition: Any
    discount: float

    def __post_init__(self) -> None:
        """Refuse what is no decision process."""
        check_discount(self.discount)
        if not hasattr(self.transition, "py_func"):
            raise InputError("transition must be compiled: decorate it with numba.njit")
        if min(self.states, self.actions, self.outcomes) < 1:
            raise InputError("states, actions and outcomes are 1 or more")
        size = (self.states, self.actions, self.outcomes)
        state, action, sum_ = check_transition(self.transition, *size)
        if action >= 0:
            raise InputError(
                f"state {state}, action {action}: probabilities sum to {sum_:.10g} and not 1, one "
                "is negative or not a number, a reward is not finite, or a successor is outside "
                f"-1 to {self.states - 1}"
            )
        if state >= 0:
            raise InputError(f"state {state} has no legal action")

    def tabulate(self) -> FiniteMDP:
        """The same process as a table, for every other planner; in Python, so for small ones."""
        table: dict[int, dict[int, list[tuple[float, int, float, bool]]]] = {}
        for state in range(self.states):
            table[state] = {}
            for action in range(self.actions):
                listed = [self.transition(state, action, k) for k in range(self.outcomes)]
                # A table names a state even where the episode ends: any will do.
                likely = [(p, max(s, 0), r, s < 0) for p, s, r in listed if p > 0]
                if likely:
                    table[state][action] = likely
        return FiniteMDP.from_table(table, self.discount)


def solve_implicit(
    mdp: ImplicitMDP,
    *,
    accuracy: float = 1e-6,
    order: Literal["gauss-seidel", "jacobi"] = "gauss-seidel",
    sweeps: int = 20,
    max_iterations: int = 1_000_000,
) -> Solution:
    """Modified policy iteration on an implicit process, whose discount must be below 1.

    Gauss-Seidel sweeps go forwards and backwards by turns, as `value_iteration.gauss_seidel`.
    After two improvements, one in each direction, come `sweeps` evaluations of the policy, which
    ask the function for one action a state instead of all; with `sweeps=0` this is value iteration.
    Where improvements have long come no nearer, none are made, so that convergence is that of
    value iteration. The guarantees are the same: bounds come from an
    improvement. A limit reached is reported by a ConvergenceWarning and `converged=False`;
    `iterations` are improvements.
    """
    check_limits(accuracy, max_iterations)
    if sweeps < 0:
        raise InputError(f"sweeps is {sweeps}; it must be 0 or more")
    if order not in ("gauss-seidel", "jacobi"):
        raise InputError(f"order {order!r}; valid choices: gauss-seidel, jacobi")
    if mdp.discount == 1:
        raise InputError("an implicit process needs a discount below 1; tabulate() it, then plan")
    in_place, horizon = order == "gauss-seidel", 1 / (1 - mdp.discount)
    values, chosen = np.zeros(mdp.states), np.zeros(mdp.states, np.int32)
    updated = values if in_place else np.empty(mdp.states)
    improve = improvement(mdp.transition, mdp.actions, mdp.outcomes)
    evaluate = evaluation(mdp.transition, mdp.outcomes)
    gaps: list[float] = []
    converged, turn, backups = False, 0, 0
    while True:
        backwards, turn = in_place and turn % 2 == 1, turn + 1
        low, high = improve(mdp.discount, values, updated, chosen, backwards, in_place)
        values, updated = updated, values
        backups += mdp.states * mdp.actions
        gaps.append((max(high, 0.0) - min(low, 0.0)) * (horizon - 1) / 2)
        converged = gaps[-1] <= accuracy
        if converged or len(gaps) == max_iterations:
            break  # the bounds belong to what this sweep wrote
        if len(gaps) % 2 or not _nearing(gaps):
            continue
        for _ in range(sweeps):
            backwards, turn = in_place and turn % 2 == 1, turn + 1
            evaluate(mdp.discount, values, updated, chosen, backwards, in_place)
            values, updated = updated, values
            backups += mdp.states
    lower, upper = macqueen(values, low, high, horizon, False)
    if not converged:
        report_limit(order, len(gaps), gaps[-1])
    middle = (lower + upper) / 2
    return Solution(middle, lower, upper, len(gaps), converged, chosen, backups, gaps)


def _nearing(gaps: list[float]) -> bool:
    """Whether the last PATIENCE gaps hold the smallest of all."""
    return min(gaps[-PATIENCE:]) <= min(gaps)


@cache
def improvement(transition: Any, actions: int, outcomes: int) -> Any:
    """The compiled sweep of all actions.

    It writes improved values to `updated`, which is `values` itself if `in_place`; then the share
    that stays in its state is solved for exactly. It returns the least and the greatest change.
    Sizes are constants to the compiler, which unrolls the loops over them.
    """

    @njit(nogil=True, error_model="numpy")
    def sweep(
        discount: float,
        values: Floats,
        updated: Floats,
        chosen: Ints,
        backwards: bool,
        in_place: bool,
    ) -> tuple[float, float]:
        states, low, high = len(values), np.inf, -np.inf
        for turn in range(states):
            state = states - 1 - turn if backwards else turn
            best, best_action = -np.inf, 0
            for action in range(actions):
                total, gain, stays = 0.0, 0.0, 0.0
                for k in range(outcomes):
                    probability, successor, reward = transition(state, action, k)
                    total += probability
                    gain += probability * reward
                    if in_place and successor == state:
                        stays += probability
                    elif successor >= 0:
                        gain += discount * probability * values[successor]
                q = gain / (1.0 - discount * stays) if stays > 0.0 else gain
                if total > 0.0 and q > best:
                    best, best_action = q, action
            low = min(low, best - values[state])
            high = max(high, best - values[state])
            updated[state], chosen[state] = best, best_action
        return low, high

    return sweep


@cache
def evaluation(transition: Any, outcomes: int) -> Any:
    """The compiled sweep of the chosen actions alone; as `improvement`."""

    @njit(nogil=True, error_model="numpy")
    def sweep(
        discount: float,
        values: Floats,
        updated: Floats,
        chosen: Ints,
        backwards: bool,
        in_place: bool,
    ) -> None:
        states = len(values)
        for turn in range(states):
            state = states - 1 - turn if backwards else turn
            gain, stays = 0.0, 0.0
            for k in range(outcomes):
                probability, successor, reward = transition(state, chosen[state], k)
                gain += probability * reward
                if in_place and successor == state:
                    stays += probability
                elif successor >= 0:
                    gain += discount * probability * values[successor]
            updated[state] = gain / (1.0 - discount * stays) if stays > 0.0 else gain

    return sweep


@njit(error_model="numpy")
def check_transition(
    transition: Any, states: int, actions: int, outcomes: int
) -> tuple[int, int, float]:
    """(state, action, sum of probabilities) of the first wrong pair, (-1, -1, 1) if all are right.

    (state, -1, 0) for a state without a legal action.
    """
    for state in range(states):
        legal = 0
        for action in range(actions):
            total, wrong = 0.0, False
            for k in range(outcomes):
                probability, successor, reward = transition(state, action, k)
                total += probability
                if probability != 0.0:
                    finite = np.isfinite(probability) and np.isfinite(reward)
                    wrong = wrong or not finite or probability < 0.0
                    wrong = wrong or successor < -1 or successor >= states
            if total != 0.0:
                legal += 1
                wrong = wrong or not abs(total - 1.0) <= SLACK
            if wrong:
                return state, action, total
        if legal == 0:
            return state, -1, 0.0
    return -1, -1, 1.0
