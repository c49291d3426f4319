"""Learn a table of action values from experience, in one or many independent runs."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import gymnasium
import numpy as np

from latimer.errors import InputError
from latimer.rl.arrays import Floats, Ints
from latimer.rl.grid_world import GridWorld
from latimer.rl.tabular import rules
from latimer.rl.tabular.chance import new_chance
from latimer.rl.tabular.episodes import in_environment, on_table
from latimer.rl.tabular.table import Table

ALGORITHMS = {
    "q-learning": rules.Q_LEARNING,
    "sarsa": rules.SARSA,
    "expected-sarsa": rules.EXPECTED_SARSA,
    "double-q": rules.DOUBLE_Q,
}

NO_LIMIT = 100_000
"""Steps of an episode where the environment sets no limit, so that none goes on for ever."""

_REPORTS = 50

Schedule = float | tuple[float, float]
"""One number for all episodes, or the first and the last episode's with a line between."""


@dataclass(frozen=True, eq=False)
class Learned:
    """What independent runs have learned.

    q [runs, states, actions]; returns (undiscounted), lengths [runs, episodes]; seconds of wall
    time. Double Q-learning's q is the mean of its two tables.
    """

    algorithm: str
    q: Floats
    returns: Floats
    lengths: Ints
    seconds: float

    @property
    def steps(self) -> int:
        """Steps of all runs together."""
        return int(self.lengths.sum())

    def policy(self, run: int = 0) -> Ints:
        """The greedy policy of a run [states]; of tied actions the first."""
        greedy: Ints = self.q[run].argmax(axis=1)
        return greedy


def learn(
    world: GridWorld | gymnasium.Env[Any, Any],
    algorithm: str = "q-learning",
    *,
    episodes: int,
    alpha: Schedule = 0.1,
    epsilon: Schedule = 0.1,
    discount: float = 0.99,
    initial: float = 0.0,
    limit: int | None = None,
    runs: int = 1,
    seed: int = 0,
    threads: int = 1,
    progress: Callable[[int], None] | None = None,
) -> Learned:
    """Learn by Q-learning, SARSA, expected SARSA or double Q-learning with an ε-greedy policy.

    Sutton & Barto 2018, sections 6.4 to 6.7. A grid world, or an environment that shows its table
    `P` and how it starts, is learned on in compiled code, `threads` runs at a time; another one
    by its `step`, one run after the other. A run's numbers depend on `seed` and its place only.

    initial: every value before learning; limit: steps of an episode, by default what the
    environment says; progress: called with the number of episodes that have just been lived
    through. InputError names what cannot be.
    """
    rule = _check(algorithm, episodes, alpha, epsilon, discount, runs, threads)
    live, shape, own_limit = _place(world)
    q = np.full((runs, 2, *shape), float(initial))
    returns, lengths = np.zeros((runs, episodes)), np.zeros((runs, episodes), np.int64)
    schedules = _spread(alpha, episodes), _spread(epsilon, episodes)
    most = own_limit if limit is None else limit
    if most < 1:
        raise InputError(f"a limit of {most} steps; an episode needs at least 1")

    def one(run: int) -> None:
        chance, place = new_chance(seed, run), live(seed, run)
        for part in np.array_split(np.arange(episodes), min(_REPORTS, episodes)):
            here = slice(part[0], part[-1] + 1)
            alphas, epsilons = (schedule[here] for schedule in schedules)
            outcome = returns[run, here], lengths[run, here]
            place(rule, q[run], alphas, epsilons, discount, most, chance, *outcome)
            if progress is not None:
                progress(len(part))

    began = time.perf_counter()
    with ThreadPoolExecutor(
        threads if isinstance(world, GridWorld) or _table(world) else 1
    ) as pool:
        list(pool.map(one, range(runs)))
    table = q.mean(axis=1) if rule == rules.DOUBLE_Q else q[:, 0]
    return Learned(algorithm, table, returns, lengths, time.perf_counter() - began)


Live = Callable[..., None]


def _place(
    world: GridWorld | gymnasium.Env[Any, Any],
) -> tuple[Callable[[int, int], Live], tuple[int, int], int]:
    """Where a run of (seed, run) lives its episodes; (states, actions); the limit on steps."""
    if isinstance(world, GridWorld):
        table = Table.of(world.table, world.start)
        return lambda seed, run: partial(on_table, table), table.ways.shape, NO_LIMIT
    spaces = world.observation_space, world.action_space
    if not all(isinstance(space, gymnasium.spaces.Discrete) for space in spaces):
        raise InputError(
            "a table needs finitely many states and actions, not observations "
            f"{spaces[0]} and actions {spaces[1]}"
        )
    own = None if world.spec is None else world.spec.max_episode_steps
    limit = NO_LIMIT if own is None else own
    found = _table(world)
    if found is not None:
        return lambda seed, run: partial(on_table, found), found.ways.shape, limit

    def start(seed: int, run: int) -> Live:
        env = copy.deepcopy(world)
        env.reset(seed=int(np.random.SeedSequence([seed, run, 1]).generate_state(1)[0]))
        return partial(in_environment, env)

    return start, (int(spaces[0].n), int(spaces[1].n)), limit  # type: ignore[attr-defined]


def _table(world: gymnasium.Env[Any, Any]) -> Table | None:
    inner = world.unwrapped
    outcomes, start = getattr(inner, "P", None), getattr(inner, "initial_state_distrib", None)
    return None if outcomes is None or start is None else Table.of(outcomes, start)


def _spread(schedule: Schedule, episodes: int) -> Floats:
    first, last = schedule if isinstance(schedule, tuple) else (schedule, schedule)
    return np.linspace(first, last, episodes)


def _check(
    algorithm: str,
    episodes: int,
    alpha: Schedule,
    epsilon: Schedule,
    discount: float,
    runs: int,
    threads: int,
) -> int:
    if algorithm not in ALGORITHMS:
        raise InputError(f"algorithm {algorithm!r}; valid choices: {', '.join(ALGORITHMS)}")
    for name, number in (("episodes", episodes), ("runs", runs), ("threads", threads)):
        if number < 1:
            raise InputError(f"{name} is {number}; it must be at least 1")
    if episodes * runs > 10**9:
        raise InputError(f"{runs} runs of {episodes} episodes: at most 1e9 episodes in all")
    for name, value in (("alpha", alpha), ("epsilon", epsilon), ("discount", discount)):
        for part in value if isinstance(value, tuple) else (value,):
            if not 0 <= part <= 1:
                raise InputError(f"{name} is {part}; it must be from 0 to 1")
    return ALGORITHMS[algorithm]
