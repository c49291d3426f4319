"""Certainty equivalence: estimate a model from counts and act as if it were the true one.

The estimate is that of maximum likelihood: of the times a pair was tried, the share that led to
each state, and the mean reward. After every episode the model is solved by a planner of
`latimer.rl` (Kumar & Varaiya 1986, chapter 8; Kaelbling, Littman & Moore 1996, section 5); within
an episode each visited pair is backed up once. A pair never tried has the value `initial`: a high
one makes the agent try it (optimism; Brafman & Tennenholtz 2002).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse

from latimer.compiled import inlined
from latimer.errors import InputError
from latimer.rl.mdp.arrays import Floats, Ints
from latimer.rl.mdp.finite_mdp import FiniteMDP
from latimer.rl.planning.modified_policy_iteration import modified_policy_iteration
from latimer.rl.tabular.agent import Agent, Transition
from latimer.rl.tabular.rules import Q_LEARNING, epsilon_greedy
from latimer.rl.tabular.settings import CertaintyEquivalence

MOST_COUNTS = 50_000_000
"""Counts [states, actions, states] that are kept; 400 MB."""
ACCURACY = 1e-6
NEARLY_ONE = 1 - 1e-6
"""Replaces γ = 1, for which policies that never terminate have no value in an estimated model."""


class Counts(NamedTuple):
    """How often each pair moved to each state, and how often it terminated; rewards are summed.

    moved [states, actions, states]; terminated, reward [states, actions]; discount [1] is γ, and
    values [states] are the greatest action values.
    """

    moved: Ints
    terminated: Ints
    reward: Floats
    discount: Floats
    values: Floats

    @classmethod
    def new(cls, shape: tuple[int, int], discount: float, initial: float) -> Counts:
        """Before anything was counted."""
        states, actions = shape
        moved = np.zeros((states, actions, states), np.int64)
        values = np.full(states, initial, float)
        return cls(moved, np.zeros(shape, np.int64), np.zeros(shape), np.array([discount]), values)


@inlined
def count(
    rule: int,
    q: Floats,
    memory: Counts,
    alpha: float,
    epsilon: float,
    transition: Transition,
    counter: np.uint64,
) -> np.uint64:
    """See `Agent.learn`."""
    moved, terminated, rewards, gamma, values = memory
    state, action, reward, discount, next_state, _ = transition
    if discount > 0:
        moved[state, action, next_state] += 1
    else:
        terminated[state, action] += 1
    rewards[state, action] += reward
    times, expected = terminated[state, action], 0.0
    for successor in range(len(values)):
        times += moved[state, action, successor]
        expected += moved[state, action, successor] * values[successor]
    q[0, state, action] = (rewards[state, action] + gamma[0] * expected) / times
    values[state] = q[0, state, 0]
    for other in range(1, q.shape[2]):
        values[state] = max(values[state], q[0, state, other])
    return counter


def estimate(counts: Counts, discount: float, initial: float) -> FiniteMDP:
    """The process that makes what was counted most likely; pairs never tried end with `initial`."""
    tried = counts.moved.sum(axis=2) + counts.terminated
    known = np.maximum(tried, 1)
    states, actions = tried.shape
    going = sparse.csr_array((counts.moved / known[..., None]).reshape(-1, states))
    ends = np.where(tried == 0, 1.0, counts.terminated / known)
    reward = np.where(tried == 0, initial, counts.reward / known)
    pairs = np.arange(states * actions)
    return FiniteMDP(
        pairs // actions, pairs % actions, going, ends.ravel(), reward.ravel(), discount
    )


def certainty_agent(
    shape: tuple[int, int], discount: float, settings: CertaintyEquivalence
) -> Agent:
    """A new agent that plans after each episode; InputError where counts would fill the memory."""
    states, actions = shape
    if states * actions * states > MOST_COUNTS:
        raise InputError(
            f"certainty-equivalence counts {states} × {actions} × {states} transitions, more than "
            f"{MOST_COUNTS:,}; choose dyna-q or prioritised-sweeping"
        )
    discount = min(discount, NEARLY_ONE)
    counts = Counts.new(shape, discount, settings.initial)
    q = np.full((1, *shape), settings.initial, float)

    def plan() -> None:
        mdp = estimate(counts, discount, settings.initial)
        values = modified_policy_iteration(mdp, accuracy=ACCURACY).values
        q[0] = mdp.action_values(values)
        counts.values[:] = values

    return Agent(Q_LEARNING, q, counts, epsilon_greedy, count, needs_next_action=False, plan=plan)
