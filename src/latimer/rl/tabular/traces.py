"""SARSA(λ) and Watkins's Q(λ): a step teaches all that led to it (Sutton & Barto 2018, ch. 12).

A pair's trace says how much it is to answer for what happens now: it is set to 1 when the pair is
tried (a replacing trace; Singh & Sutton 1996) and falls by γλ with every step. The error of a
step, δ = R + γ q(S', A') - q(S, A), moves every pair by α δ times its trace. λ = 0 is SARSA or
Q-learning itself; λ = 1 is close to Monte Carlo.
"""

from __future__ import annotations

import numpy as np

from latimer.rl.arrays import Floats
from latimer.rl.compiled import inlined
from latimer.rl.tabular.agent import Agent, Options
from latimer.rl.tabular.rules import SARSA, act_by, target


@inlined
def learn_with_traces(
    rule: int,
    q: Floats,
    memory: Floats,
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
    """See `Agent.learn`. memory [states + 1, actions] are the traces; its last entry is λ.

    Q(λ) is off-policy: when the next action is not greedy, what comes no longer tells of the
    greedy policy, and every trace is cut (Watkins 1989). Traces also end with the episode.
    """
    states, actions = q.shape[1], q.shape[2]
    decay = memory[states, 0]
    aim = target(rule, q, 0, reward, discount, state, action, epsilon)
    delta = alpha * (aim - q[0, before, done])
    memory[before, done] = 1.0
    keep = discount * decay
    if rule != SARSA and discount > 0:
        for other in range(actions):
            if q[0, state, other] > q[0, state, action]:
                keep = 0.0
    for s in range(states):
        for a in range(actions):
            q[0, s, a] += delta * memory[s, a]
            memory[s, a] *= keep
    return counter


@inlined
def forget(memory: Floats) -> None:
    """No trace outlives its episode, even one that was cut off."""
    memory[:-1] = 0.0


def trace_agent(rule: int, shape: tuple[int, int], options: Options) -> Agent:
    """A new agent of SARSA(λ) or Q(λ)."""
    states, actions = shape
    traces = np.zeros((states + 1, actions))
    traces[-1] = options.decay
    q = np.full((1, *shape), options.initial)
    return Agent(rule, q, traces, act_by, learn_with_traces, looks_ahead=True, end=forget)
