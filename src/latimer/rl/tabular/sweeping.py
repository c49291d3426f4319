"""Prioritised sweeping in learning (Moore & Atkeson 1993; Sutton & Barto 2018, section 8.4).

As Dyna-Q, but what is replayed is not drawn at random: the pair whose value is most out of date
comes first, and when its state's value changes, the pairs that lead there are looked at again.
"""

from __future__ import annotations

import heapq
from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.typed import List

from latimer.rl.mdp.arrays import Floats, Ints
from latimer.rl.mdp.compiled import compiled, inlined
from latimer.rl.tabular.agent import Agent, Options
from latimer.rl.tabular.rules import Q_LEARNING, act_by, target

THRESHOLD = 1e-4
"""A change of value smaller than this is not followed up."""


class Queue(NamedTuple):
    """A model as in `dyna`, who leads where, and the pairs waiting.

    first [states] is a pair that leads to a state, and `following`, `previous` [pairs] chain those
    that lead to the same (-1: none); priority [pairs] is that of a waiting pair, 0 of others; heap:
    (-priority, pair), among them some that are no longer so.
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
    """Have a pair in the chain of `state` alone."""
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
    """Have a pair wait, unless it does already with a greater change."""
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
    discount: float,
    before: int,
    done: int,
    reward: float,
    state: int,
    action: int,
    counter: np.uint64,
) -> np.uint64:
    """See `Agent.learn`: note the step, then update the `planning` most urgent pairs."""
    actions = q.shape[2]
    pair = before * actions + done
    relink(memory, pair, state)
    memory.seen[pair], memory.reward[pair] = 1, reward
    memory.successor[pair], memory.discount[pair] = state, discount
    aim = target(rule, q, 0, reward, discount, state, 0, epsilon)
    enqueue(memory, pair, abs(aim - q[0, before, done]))
    left = memory.planning
    while left > 0 and len(memory.heap) > 0:
        change, pair = heapq.heappop(memory.heap)
        if -change != memory.priority[pair]:
            continue
        left -= 1
        memory.priority[pair] = 0.0
        s, a = pair // actions, pair % actions
        to, gamma = memory.successor[pair], memory.discount[pair]
        aim = target(rule, q, 0, memory.reward[pair], gamma, to, 0, epsilon)
        q[0, s, a] += alpha * (aim - q[0, s, a])
        lead = memory.first[s]
        while lead >= 0:
            gamma = memory.discount[lead]
            aim = target(rule, q, 0, memory.reward[lead], gamma, s, 0, epsilon)
            enqueue(memory, lead, abs(aim - q[0, lead // actions, lead % actions]))
            lead = memory.following[lead]
    return counter


def sweeping_agent(shape: tuple[int, int], options: Options) -> Agent:
    """A new agent of prioritised sweeping."""
    states, actions = shape
    pairs = states * actions

    def whole(value: int, size: int) -> Ints:
        return np.full(size, value, np.int64)

    queue = Queue(
        options.planning, whole(0, pairs), np.zeros(pairs), whole(0, pairs), np.zeros(pairs),
        whole(-1, states), whole(-1, pairs), whole(-1, pairs), np.zeros(pairs),
        List.empty_list(types.Tuple((types.float64, types.int64))),
    )  # fmt: skip
    q = np.full((1, *shape), options.initial)
    return Agent(Q_LEARNING, q, queue, act_by, learn_and_sweep, looks_ahead=False)
