"""What learning in tables needs of an algorithm: how it acts, and what it does with a step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from latimer.rl.mdp.arrays import Floats, Ints
from latimer.rl.mdp.compiled import inlined


@dataclass(frozen=True)
class Options:
    """What a new agent is told.

    initial: every value before learning; discount: γ; decay: λ of traces; planning: steps of
    planning for each step lived; traces: one of `latimer.rl.tabular.traces.KINDS`.
    """

    initial: float
    discount: float
    decay: float
    planning: int
    traces: str


@inlined
def forget_nothing(memory: Any) -> None:
    """For `Agent.end`: an episode's end means nothing to what is remembered."""


@dataclass(frozen=True)
class Agent:
    """One run's learner. `act` and `learn` are compiled, and are part of the compiled loop.

    q [tables, states, actions] are its values, and `memory` is whatever else it keeps: apart,
    because Numba counts references when an array is taken out of a tuple.

    act(rule, q, state, epsilon, number) -> action: by one random number from 0 to 1.
    learn(rule, q, memory, alpha, epsilon, discount, before, done, reward, state, action, counter)
    -> counter: after `done` in `before` brought `reward` and led to `state`, where `action` will be
    done if the agent `looks_ahead` (0 otherwise); discount is 0 where the episode ended. The
    counter is that of `latimer.rl.tabular.splitmix`, moved on by STEP for each number drawn.

    end(memory): compiled as well, called when an episode is over. think: what is done then outside
    of the compiled loop, if anything.

    visits [states, actions]: how often each pair was tried, if α is to be divided by that, else of
    size 0.
    """

    rule: int
    q: Floats
    memory: Any
    act: Any
    learn: Any
    looks_ahead: bool
    end: Any = forget_nothing
    think: Callable[[], None] | None = None
    visits: Ints = field(default_factory=lambda: np.zeros((0, 0), np.int64))
