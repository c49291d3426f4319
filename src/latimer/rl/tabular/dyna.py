"""Dyna-Q: Q-learning that also learns from steps it remembers (Sutton & Barto 2018, section 8.2).

The model is the last thing that each pair of state and action has led to. After every step lived,
so many are replayed from pairs tried before, drawn at random.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from latimer.rl.mdp.arrays import Floats, Ints
from latimer.rl.mdp.compiled import inlined
from latimer.rl.tabular.agent import Agent, Options
from latimer.rl.tabular.rules import Q_LEARNING, act_by, target
from latimer.rl.tabular.splitmix import STEP, scramble


class Model(NamedTuple):
    """What was last seen of each pair; pairs count as state * actions + action.

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
def learn_and_replay(
    rule: int,
    q: Floats,
    memory: Model,
    alpha: float,
    epsilon: float,
    discount: float,
    before: int,
    done: int,
    reward: float,
    state: int,
    action: int,
    counter: np.uint64,
) -> np.uint64:
    """See `Agent.learn`; a step of Q-learning, then `planning` remembered ones."""
    planning, known, tried, place, rewards, successors, discounts = memory
    actions = q.shape[2]
    aim = target(rule, q, 0, reward, discount, state, action, epsilon)
    q[0, before, done] += alpha * (aim - q[0, before, done])
    pair = before * actions + done
    if place[pair] < 0:
        place[pair], tried[known[0]] = known[0], pair
        known[0] += 1
    rewards[pair], successors[pair], discounts[pair] = reward, state, discount
    for _ in range(planning):
        counter += STEP
        pair = tried[min(int(scramble(counter) * known[0]), known[0] - 1)]
        aim = target(rule, q, 0, rewards[pair], discounts[pair], successors[pair], 0, epsilon)
        s, a = pair // actions, pair % actions
        q[0, s, a] += alpha * (aim - q[0, s, a])
    return counter


def dyna_agent(shape: tuple[int, int], options: Options) -> Agent:
    """A new agent of Dyna-Q."""
    model = Model.new(shape[0] * shape[1], options.planning)
    q = np.full((1, *shape), options.initial)
    return Agent(Q_LEARNING, q, model, act_by, learn_and_replay, looks_ahead=False)
