"""Certainty equivalence: count, estimate a model, act as if it were the truth.

The estimate is that of maximum likelihood: of the times a pair was tried, the share that led to
each state, and the mean reward. After every episode it is solved by a planner of `latimer.rl`
(Kumar & Varaiya 1986, chapter 8; Kaelbling, Littman & Moore 1996, section 5); meanwhile the pair
just tried is backed up, so that a disappointment is noticed at once. A pair never tried is worth
`initial`: a high one makes the agent try it (Brafman & Tennenholtz 2002).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse

from latimer.errors import InputError
from latimer.rl.mdp.arrays import Floats, Ints
from latimer.rl.mdp.compiled import inlined
from latimer.rl.mdp.finite_mdp import FiniteMDP
from latimer.rl.planning.modified_policy_iteration import modified_policy_iteration
from latimer.rl.tabular.agent import Agent, Options
from latimer.rl.tabular.rules import Q_LEARNING, act_by

MOST_COUNTS = 50_000_000
"""Counts [states, actions, states] that are kept; 400 MB."""
ACCURACY = 1e-6
NEARLY_ONE = 1 - 1e-6
"""In place of an undiscounted γ: policies that never end would have no value in a guessed model."""


class Counts(NamedTuple):
    """led [states, actions, states], ended [states, actions]: times; reward: their sum.

    discount [1] is γ, and values [states] are the greatest of q.
    """

    led: Ints
    ended: Ints
    reward: Floats
    discount: Floats
    values: Floats

    @classmethod
    def new(cls, shape: tuple[int, int], discount: float, initial: float) -> Counts:
        """Before anything was counted."""
        states, actions = shape
        led = np.zeros((states, actions, states), np.int64)
        values = np.full(states, initial)
        return cls(led, np.zeros(shape, np.int64), np.zeros(shape), np.array([discount]), values)


@inlined
def count(
    rule: int,
    q: Floats,
    memory: Counts,
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
    """See `Agent.learn`."""
    led, ended, rewards, gamma, values = memory
    if discount > 0:
        led[before, done, state] += 1
    else:
        ended[before, done] += 1
    rewards[before, done] += reward
    times, expected = ended[before, done], 0.0
    for after in range(len(values)):
        times += led[before, done, after]
        expected += led[before, done, after] * values[after]
    q[0, before, done] = (rewards[before, done] + gamma[0] * expected) / times
    values[before] = q[0, before, 0]
    for other in range(1, q.shape[2]):
        values[before] = max(values[before], q[0, before, other])
    return counter


def estimate(counts: Counts, discount: float, initial: float) -> FiniteMDP:
    """The process that makes what was counted most likely; pairs never tried end with `initial`."""
    tried = counts.led.sum(axis=2) + counts.ended
    known = np.maximum(tried, 1)
    states, actions = tried.shape
    going = sparse.csr_array((counts.led / known[..., None]).reshape(-1, states))
    ends = np.where(tried == 0, 1.0, counts.ended / known)
    reward = np.where(tried == 0, initial, counts.reward / known)
    pairs = np.arange(states * actions)
    return FiniteMDP(
        pairs // actions, pairs % actions, going, ends.ravel(), reward.ravel(), discount
    )


def certainty_agent(shape: tuple[int, int], options: Options) -> Agent:
    """A new agent that plans after each episode; InputError where counts would fill the memory."""
    states, actions = shape
    if states * actions * states > MOST_COUNTS:
        raise InputError(
            f"certainty-equivalence counts {states} × {actions} × {states} transitions, more than "
            f"{MOST_COUNTS:,}; choose dyna-q or prioritised-sweeping"
        )
    discount = min(options.discount, NEARLY_ONE)
    counts = Counts.new(shape, discount, options.initial)
    q = np.full((1, *shape), options.initial)

    def think() -> None:
        mdp = estimate(counts, discount, options.initial)
        values = modified_policy_iteration(mdp, accuracy=ACCURACY).values
        q[0] = mdp.action_values(values)
        counts.values[:] = values

    return Agent(Q_LEARNING, q, counts, act_by, count, looks_ahead=False, think=think)
