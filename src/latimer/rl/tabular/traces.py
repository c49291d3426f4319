"""Eligibility traces: SARSA(λ) and Watkins's Q(λ) (Sutton & Barto 2018, chapter 12).

The trace of a pair rises when the pair is visited and decays by γλ with every step. The TD error
δ = R + γ q(S', A') - q(S, A) moves every pair by α δ times its trace. λ = 0 is SARSA or Q-learning;
λ = 1 is close to Monte Carlo.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from latimer.compiled import inlined
from latimer.rl.mdp.arrays import Floats
from latimer.rl.tabular.agent import Agent, Transition
from latimer.rl.tabular.rules import SARSA, epsilon_greedy, target
from latimer.rl.tabular.settings import TRACES, EligibilityTraces

REPLACING, ACCUMULATING, DUTCH = range(3)


class Traces(NamedTuple):
    """kind: index in `settings.TRACES`; decay: λ; trace [states, actions]."""

    kind: int
    decay: float
    trace: Floats


@inlined
def visited_trace(kind: int, trace: float, alpha: float) -> float:
    """The trace of a pair that is being visited."""
    if kind == ACCUMULATING:
        return trace + 1.0
    if kind == DUTCH:
        return (1.0 - alpha) * trace + 1.0
    return 1.0


@inlined
def learn_with_traces(
    rule: int,
    q: Floats,
    memory: Traces,
    alpha: float,
    epsilon: float,
    transition: Transition,
    counter: np.uint64,
) -> np.uint64:
    """See `Agent.learn`.

    Q(λ) is off-policy: when the next action is not greedy, the rewards to come are not those of the
    greedy policy, and every trace is cut to 0 (Watkins 1989).
    """
    kind, decay, trace = memory
    state, action, reward, discount, next_state, next_action = transition
    states, actions = q.shape[1], q.shape[2]
    goal = target(rule, q, 0, reward, discount, next_state, next_action, epsilon)
    delta = alpha * (goal - q[0, state, action])
    trace[state, action] = visited_trace(kind, trace[state, action], alpha)
    keep = discount * decay
    if rule != SARSA and discount > 0:
        for other in range(actions):
            if q[0, next_state, other] > q[0, next_state, next_action]:
                keep = 0.0
    for s in range(states):
        for a in range(actions):
            q[0, s, a] += delta * trace[s, a]
            trace[s, a] *= keep
    return counter


@inlined
def clear_traces(memory: Traces) -> None:
    """Traces are cleared after every episode, terminated or truncated."""
    memory.trace[:] = 0.0


def trace_agent(
    rule: int, shape: tuple[int, int], discount: float, settings: EligibilityTraces
) -> Agent:
    """A new agent of SARSA(λ) or Q(λ)."""
    traces = Traces(TRACES.index(settings.traces), settings.decay, np.zeros(shape))
    q = np.full((1, *shape), settings.initial, float)
    return Agent(
        rule,
        q,
        traces,
        epsilon_greedy,
        learn_with_traces,
        needs_next_action=True,
        end_episode=clear_traces,
    )
