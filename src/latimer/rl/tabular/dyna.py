"""Dyna-Q: Q-learning that also learns from a model (Sutton & Barto 2018, section 8.2).

The model is the last outcome of each pair of state and action. After every step, `planning` updates
are made from the model, for pairs drawn at random among those tried.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from latimer.compiled import inlined
from latimer.rl.mdp.arrays import Floats, Ints
from latimer.rl.tabular.agent import Agent, Transition
from latimer.rl.tabular.rules import Q_LEARNING, epsilon_greedy, target
from latimer.rl.tabular.settings import Planning
from latimer.rl.tabular.splitmix import STEP, uniform_at


class Model(NamedTuple):
    """The last outcome of each pair; the number of a pair is state * actions + action.

    tried [pairs]: the pairs in the order of their first trial, `known` [1] of them; place, reward,
    successor, discount [pairs]: where a pair is in `tried` (-1: nowhere), and what it led to.
    """

    planning: int
    known: Ints
    tried: Ints
    place: Ints
    reward: Floats
    successor: Ints
    discount: Floats

    @classmethod
    def new(cls, pairs: int, planning: int) -> Model:
        """Before anything was seen."""

        def whole(value: int, size: int) -> NDArray[np.int64]:
            return np.full(size, value, np.int64)

        return cls(
            planning, whole(0, 1), whole(0, pairs), whole(-1, pairs), np.zeros(pairs),
            whole(0, pairs), np.zeros(pairs),
        )  # fmt: skip


@inlined
def learn_and_plan(
    rule: int,
    q: Floats,
    memory: Model,
    alpha: float,
    epsilon: float,
    transition: Transition,
    counter: np.uint64,
) -> np.uint64:
    """See `Agent.learn`; a step of Q-learning, then `planning` from the model."""
    planning, known, tried, place, rewards, successors, discounts = memory
    state, action, reward, discount, next_state, next_action = transition
    actions = q.shape[2]
    goal = target(rule, q, 0, reward, discount, next_state, next_action, epsilon)
    q[0, state, action] += alpha * (goal - q[0, state, action])
    pair = state * actions + action
    if place[pair] < 0:
        place[pair], tried[known[0]] = known[0], pair
        known[0] += 1
    rewards[pair], successors[pair], discounts[pair] = reward, next_state, discount
    for _ in range(planning):
        counter += STEP
        pair = tried[min(int(uniform_at(counter) * known[0]), known[0] - 1)]
        goal = target(rule, q, 0, rewards[pair], discounts[pair], successors[pair], 0, epsilon)
        s, a = pair // actions, pair % actions
        q[0, s, a] += alpha * (goal - q[0, s, a])
    return counter


def dyna_agent(shape: tuple[int, int], discount: float, settings: Planning) -> Agent:
    """A new agent of Dyna-Q."""
    model = Model.new(shape[0] * shape[1], settings.planning)
    q = np.full((1, *shape), settings.initial, float)
    return Agent(Q_LEARNING, q, model, epsilon_greedy, learn_and_plan, needs_next_action=False)
