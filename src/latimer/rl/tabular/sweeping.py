"""Prioritised sweeping in learning (Moore & Atkeson 1993; Sutton & Barto 2018, section 8.4).

As Dyna-Q, but pairs are not drawn at random: the pair with the greatest change of value comes
first, and when the value of its state changes, its predecessors are queued.
"""

from __future__ import annotations

import heapq
from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.typed import List

from latimer.compiled import compiled, inlined
from latimer.rl.mdp.arrays import Floats, Ints
from latimer.rl.tabular.agent import Agent, Transition
from latimer.rl.tabular.rules import Q_LEARNING, epsilon_greedy, target
from latimer.rl.tabular.settings import Planning

THRESHOLD = 1e-4
"""A pair with a smaller change of value is not queued."""


class Queue(NamedTuple):
    """A model as in `dyna`, the predecessors of each state, and the queue of pairs.

    first [states] is a pair that leads to a state, and `following`, `previous` [pairs] chain those
    that lead to the same (-1: none); priority [pairs] is that of a queued pair, 0 of others; heap:
    (-priority, pair), some of them stale.
    """

    planning: int
    seen: Ints
    reward: Floats
    successor: Ints
    discount: Floats
    first: Ints
    following: Ints
    previous: Ints
    priority: Floats
    heap: Any


@compiled
def relink(memory: Queue, pair: int, state: int) -> None:
    """Move a pair to the chain of predecessors of `state`."""
    first, following, previous = memory.first, memory.following, memory.previous
    if memory.seen[pair]:
        old = memory.successor[pair]
        if old == state:
            return
        if previous[pair] >= 0:
            following[previous[pair]] = following[pair]
        else:
            first[old] = following[pair]
        if following[pair] >= 0:
            previous[following[pair]] = previous[pair]
    previous[pair], following[pair] = -1, first[state]
    if first[state] >= 0:
        previous[first[state]] = pair
    first[state] = pair


@compiled
def enqueue(memory: Queue, pair: int, change: float) -> None:
    """Queue a pair, unless it is queued with a greater change."""
    if change > THRESHOLD and change > memory.priority[pair]:
        memory.priority[pair] = change
        heapq.heappush(memory.heap, (-change, pair))


@inlined
def learn_and_sweep(
    rule: int,
    q: Floats,
    memory: Queue,
    alpha: float,
    epsilon: float,
    transition: Transition,
    counter: np.uint64,
) -> np.uint64:
    """See `Agent.learn`: record the step, then update `planning` pairs in order of priority."""
    state, action, reward, discount, next_state, _ = transition
    actions = q.shape[2]
    pair = state * actions + action
    relink(memory, pair, next_state)
    memory.seen[pair], memory.reward[pair] = 1, reward
    memory.successor[pair], memory.discount[pair] = next_state, discount
    goal = target(rule, q, 0, reward, discount, next_state, 0, epsilon)
    enqueue(memory, pair, abs(goal - q[0, state, action]))
    left = memory.planning
    while left > 0 and len(memory.heap) > 0:
        change, pair = heapq.heappop(memory.heap)
        if -change != memory.priority[pair]:
            continue
        left -= 1
        memory.priority[pair] = 0.0
        s, a = pair // actions, pair % actions
        to, gamma = memory.successor[pair], memory.discount[pair]
        goal = target(rule, q, 0, memory.reward[pair], gamma, to, 0, epsilon)
        q[0, s, a] += alpha * (goal - q[0, s, a])
        lead = memory.first[s]
        while lead >= 0:
            gamma = memory.discount[lead]
            goal = target(rule, q, 0, memory.reward[lead], gamma, s, 0, epsilon)
            enqueue(memory, lead, abs(goal - q[0, lead // actions, lead % actions]))
            lead = memory.following[lead]
    return counter


def sweeping_agent(shape: tuple[int, int], discount: float, settings: Planning) -> Agent:
    """A new agent of prioritised sweeping."""
    states, actions = shape
    pairs = states * actions

    def whole(value: int, size: int) -> Ints:
        return np.full(size, value, np.int64)

    queue = Queue(
        settings.planning, whole(0, pairs), np.zeros(pairs), whole(0, pairs), np.zeros(pairs),
        whole(-1, states), whole(-1, pairs), whole(-1, pairs), np.zeros(pairs),
        List.empty_list(types.Tuple((types.float64, types.int64))),
    )  # fmt: skip
    q = np.full((1, *shape), settings.initial, float)
    return Agent(Q_LEARNING, q, queue, epsilon_greedy, learn_and_sweep, needs_next_action=False)
