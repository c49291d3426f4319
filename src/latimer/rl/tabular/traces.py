"""SARSA(λ) and Watkins's Q(λ): a step teaches all that led to it (Sutton & Barto 2018, ch. 12).

A pair's trace says how much it is to answer for what happens now: it rises when the pair is tried
and falls by γλ with every step. The error of a step, δ = R + γ q(S', A') - q(S, A), moves every
pair by α δ times its trace. λ = 0 is SARSA or Q-learning itself; λ = 1 is close to Monte Carlo.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from latimer.rl.mdp.arrays import Floats
from latimer.rl.mdp.compiled import inlined
from latimer.rl.tabular.agent import Agent, Options
from latimer.rl.tabular.rules import SARSA, act_by, target

KINDS = ("replacing", "accumulating", "dutch")
"""A pair that is tried when its trace is e gets 1 (Singh & Sutton 1996), e + 1 (section 12.2), or
(1 - α) e + 1 (van Seijen & Sutton 2014; section 12.5), which is between the two."""
REPLACING, ACCUMULATING, DUTCH = range(3)


class Traces(NamedTuple):
    """kind: place in KINDS; decay: λ; trace [states, actions]."""

    kind: int
    decay: float
    trace: Floats


@inlined
def risen(kind: int, trace: float, alpha: float) -> float:
    """The trace of a pair that is being tried."""
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
    discount: float,
    before: int,
    done: int,
    reward: float,
    state: int,
    action: int,
    counter: np.uint64,
) -> np.uint64:
    """See `Agent.learn`.

    Q(λ) is off-policy: when the next action is not greedy, what comes no longer tells of the
    greedy policy, and every trace is cut (Watkins 1989). Traces also end with the episode.
    """
    kind, decay, trace = memory
    states, actions = q.shape[1], q.shape[2]
    aim = target(rule, q, 0, reward, discount, state, action, epsilon)
    delta = alpha * (aim - q[0, before, done])
    trace[before, done] = risen(kind, trace[before, done], alpha)
    keep = discount * decay
    if rule != SARSA and discount > 0:
        for other in range(actions):
            if q[0, state, other] > q[0, state, action]:
                keep = 0.0
    for s in range(states):
        for a in range(actions):
            q[0, s, a] += delta * trace[s, a]
            trace[s, a] *= keep
    return counter


@inlined
def forget(memory: Traces) -> None:
    """No trace outlives its episode, even one that was cut off."""
    memory.trace[:] = 0.0


def trace_agent(rule: int, shape: tuple[int, int], options: Options) -> Agent:
    """A new agent of SARSA(λ) or Q(λ)."""
    traces = Traces(KINDS.index(options.traces), options.decay, np.zeros(shape))
    q = np.full((1, *shape), options.initial)
    return Agent(rule, q, traces, act_by, learn_with_traces, looks_ahead=True, end=forget)
