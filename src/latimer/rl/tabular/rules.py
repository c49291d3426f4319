"""The ε-greedy policy and the one-step updates of tabular agents.

The targets are those of `latimer.rl.td_targets`, one step at a time and compiled. `q` is
[tables, states, actions], with two tables for double Q-learning and one for the others.
"""

from __future__ import annotations

import numpy as np

from latimer.compiled import inlined
from latimer.rl.mdp.arrays import Floats
from latimer.rl.tabular.agent import Agent, Transition
from latimer.rl.tabular.settings import OneStep
from latimer.rl.tabular.splitmix import STEP, uniform_at

Q_LEARNING, SARSA, EXPECTED_SARSA, DOUBLE_Q = range(4)


@inlined
def act(q: Floats, state: int, epsilon: float, rule: int, number: float) -> int:
    """With probability ε any action, else one with the greatest value, ties broken at random.

    One random `number` in [0, 1) decides. Double Q-learning acts on the sum of its tables.
    """
    actions = q.shape[2]
    if number < epsilon:
        return min(int(number / epsilon * actions), actions - 1)
    chosen, ties = 0, 0
    best = -np.inf
    for action in range(actions):
        value = q[0, state, action] + (q[1, state, action] if rule == DOUBLE_Q else 0.0)
        if value > best:
            chosen, best, ties = action, value, 1
        elif value == best:
            ties += 1
    if ties == 1:
        return chosen
    skipped = min(int((number - epsilon) / (1 - epsilon) * ties), ties - 1)
    for action in range(chosen, actions):
        value = q[0, state, action] + (q[1, state, action] if rule == DOUBLE_Q else 0.0)
        if value == best:
            chosen = action
            if skipped == 0:
                break
            skipped -= 1
    return chosen


@inlined
def target(
    rule: int,
    q: Floats,
    table: int,
    reward: float,
    discount: float,
    state: int,
    action: int,
    epsilon: float,
) -> float:
    """The target of a one-step update of q[table] (Sutton & Barto 2018, equations 6.7 to 6.10).

    state, action: the next state, and the next action, which SARSA alone reads; discount: γ, or 0
    where the episode terminated; epsilon: of the policy whose expectation expected SARSA takes.
    """
    if discount == 0:
        return reward
    if rule == SARSA:
        return reward + discount * q[0, state, action]
    # Indices instead of a view of the row, which Numba would make anew in every step.
    actions = q.shape[2]
    best, total = 0, q[table, state, 0]
    for other in range(1, actions):
        total += q[table, state, other]
        if q[table, state, other] > q[table, state, best]:
            best = other
    if rule == DOUBLE_Q:
        return reward + discount * q[1 - table, state, best]
    greatest = q[table, state, best]
    if rule == EXPECTED_SARSA:
        return reward + discount * (epsilon * (total / actions) + (1 - epsilon) * greatest)
    return reward + discount * greatest


@inlined
def epsilon_greedy(rule: int, q: Floats, state: int, epsilon: float, number: float) -> int:
    """See `Agent.act`."""
    return act(q, state, epsilon, rule, number)


@inlined
def td_update(
    rule: int,
    q: Floats,
    memory: int,
    alpha: float,
    epsilon: float,
    transition: Transition,
    counter: np.uint64,
) -> np.uint64:
    """Move q(state, action) by α towards its target; double Q-learning draws which table.

    See `Agent.learn`.
    """
    state, action, reward, discount, next_state, next_action = transition
    table = 0
    if rule == DOUBLE_Q:
        counter += STEP
        table = int(uniform_at(counter) < 0.5)
    goal = target(rule, q, table, reward, discount, next_state, next_action, epsilon)
    q[table, state, action] += alpha * (goal - q[table, state, action])
    return counter


def td_agent(rule: int, shape: tuple[int, int], discount: float, settings: OneStep) -> Agent:
    """A new agent of one of the four rules."""
    tables = 2 if rule == DOUBLE_Q else 1
    q = np.full((tables, *shape), settings.initial, float)
    return Agent(rule, q, 0, epsilon_greedy, td_update, needs_next_action=rule == SARSA)
