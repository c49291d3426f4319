"""What the loop over episodes needs of a tabular algorithm: how it acts and how it learns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from latimer.compiled import inlined
from latimer.rl.mdp.arrays import Floats, Ints


class Transition(NamedTuple):
    """One step: `action` in `state` brought `reward` and led to `next_state`.

    discount: γ, or 0 where the step terminated the episode; next_action: the action that will be
    taken in `next_state` if the agent learns from it (`Agent.needs_next_action`), else 0.
    """

    state: int
    action: int
    reward: float
    discount: float
    next_state: int
    next_action: int


@inlined
def keep_memory(memory: Any) -> None:
    """For `Agent.end_episode`: nothing is forgotten when an episode ends."""


@dataclass(frozen=True)
class Agent:
    """One run's learner. `act`, `learn` and `end_episode` are compiled into the loop.

    q [tables, states, actions] are its action values, and `memory` is whatever else it keeps,
    because Numba counts references when an array is taken out of a tuple.

    act(rule, q, state, epsilon, number) -> action, by one random number in [0, 1).
    learn(rule, q, memory, alpha, epsilon, transition, counter) -> counter: update q. The counter is
    that of `latimer.rl.tabular.splitmix`, advanced by STEP for each number drawn.
    end_episode(memory): called after each episode. plan: called then outside of the compiled loop,
    if given.

    visits [states, actions]: how often each pair was visited, if α is divided by it, else of
    size 0.
    """

    rule: int
    q: Floats
    memory: Any
    act: Any
    learn: Any
    needs_next_action: bool
    end_episode: Any = keep_memory
    plan: Callable[[], None] | None = None
    visits: Ints = field(default_factory=lambda: np.zeros((0, 0), np.int64))
