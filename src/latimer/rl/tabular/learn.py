"""Learn a table of action values from experience, in one or many independent runs."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any, NamedTuple

import gymnasium
import numpy as np

from latimer.errors import InputError
from latimer.rl.grid.grid_world import GridWorld
from latimer.rl.mdp.arrays import Floats
from latimer.rl.mdp.finite_mdp import FiniteMDP
from latimer.rl.mdp.outcome_table import OutcomeTable
from latimer.rl.tabular import rules
from latimer.rl.tabular.agent import Agent
from latimer.rl.tabular.certainty import certainty_agent
from latimer.rl.tabular.dyna import dyna_agent
from latimer.rl.tabular.episodes import Episodes, in_environment, on_table
from latimer.rl.tabular.learned import Learned
from latimer.rl.tabular.rules import td_agent
from latimer.rl.tabular.schedules import spread
from latimer.rl.tabular.settings import (
    CertaintyEquivalence,
    EligibilityTraces,
    Exploration,
    OneStep,
    Planning,
)
from latimer.rl.tabular.splitmix import SplitMix, new_generator
from latimer.rl.tabular.sweeping import sweeping_agent
from latimer.rl.tabular.table import Table
from latimer.rl.tabular.traces import trace_agent
from latimer.rl.unread import closest, refuse_unread

World = GridWorld | FiniteMDP | gymnasium.Env[Any, Any]
"""What can be learned in."""


class Algorithm(NamedTuple):
    """The class of its settings; make(shape, discount, settings) -> Agent.

    shape: (states, actions).
    """

    settings: type[Exploration]
    make: Callable[[tuple[int, int], float, Any], Agent]


ALGORITHMS = {
    "q-learning": Algorithm(OneStep, partial(td_agent, rules.Q_LEARNING)),
    "sarsa": Algorithm(OneStep, partial(td_agent, rules.SARSA)),
    "expected-sarsa": Algorithm(OneStep, partial(td_agent, rules.EXPECTED_SARSA)),
    "double-q": Algorithm(OneStep, partial(td_agent, rules.DOUBLE_Q)),
    "sarsa-lambda": Algorithm(EligibilityTraces, partial(trace_agent, rules.SARSA)),
    "q-lambda": Algorithm(EligibilityTraces, partial(trace_agent, rules.Q_LEARNING)),
    "dyna-q": Algorithm(Planning, dyna_agent),
    "prioritised-sweeping": Algorithm(Planning, sweeping_agent),
    "certainty-equivalence": Algorithm(CertaintyEquivalence, certainty_agent),
}

NO_LIMIT = 100_000
"""Steps of an episode where the environment sets no limit, so that none goes on for ever."""

_REPORTS = 50


@dataclass(frozen=True)
class Runs:
    """How much is learned, whatever the algorithm.

    episodes of each run; limit: steps after which an episode is truncated, by default what the
    environment says; runs: their number; seed; threads: runs at a time.
    """

    episodes: int = 500
    limit: int | None = None
    runs: int = 1
    seed: int = 0
    threads: int = 1

    def __post_init__(self) -> None:
        """InputError for numbers out of range."""
        for name in ("episodes", "runs", "threads"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}; it must be at least 1")
        if self.episodes * self.runs > 10**9:
            raise InputError(
                f"{self.runs} runs of {self.episodes} episodes: at most 1e9 episodes in all"
            )
        if self.limit is not None and self.limit < 1:
            raise InputError(f"a limit of {self.limit} steps; an episode needs at least 1")


@dataclass(frozen=True)
class Listeners:
    """Called while learning goes on.

    progress: with the number of episodes that have just ended; watch: with the run, its episodes so
    far and its q [states, actions], from the start to the end at most 51 times a run.
    """

    progress: Callable[[int], None] = lambda episodes: None
    watch: Callable[[int, int, Floats], None] = lambda run, episodes, q: None


def learn(
    world: World,
    algorithm: str = "q-learning",
    *,
    discount: float = 0.99,
    listeners: Listeners | None = None,
    **options: Any,
) -> Learned:
    """Learn by the named one of ALGORITHMS, with an ε-greedy policy.

    Options are the fields of `Runs` and of the algorithm's settings
    (`latimer.rl.tabular.settings`). InputError names an option that it does not read, and whatever
    else cannot be.

    A grid world, a `FiniteMDP` that has a start (at the discount given here, not its own), or an
    environment that shows its table `P` and how it starts, is learned on in compiled code,
    `threads` runs at a time; another one by its `step`, one run after the other. A run's numbers
    depend on `seed` and its place only.
    """
    how, settings = runs_and_settings(algorithm, options)
    if not 0 <= discount <= 1:
        raise InputError(f"discount is {discount}; it must be from 0 to 1")
    place = _place(world)
    if place.table is None and how.threads > 1:
        raise InputError("threads need an environment that shows its table; leave them out")
    called = Listeners() if listeners is None else listeners
    q, returns = np.empty((how.runs, *place.shape)), np.zeros((how.runs, how.episodes))
    lengths = np.zeros((how.runs, how.episodes), np.int64)
    alphas, epsilons = (
        spread(getattr(settings, name, 0.0), how.episodes) for name in ("alpha", "epsilon")
    )
    limit = place.limit if how.limit is None else how.limit

    def one(run: int) -> None:
        agent = ALGORITHMS[algorithm].make(place.shape, discount, settings)
        if getattr(settings, "by_visits", False):
            agent = replace(agent, visits=np.zeros(place.shape, np.int64))
        episodes = Episodes(alphas, epsilons, discount, limit, returns[run], lengths[run])
        q[run] = _learn_run(place, agent, episodes, run, how.seed, called)

    began = time.perf_counter()
    with ThreadPoolExecutor(how.threads) as pool:
        list(pool.map(one, range(how.runs)))
    return Learned(algorithm, q, returns, lengths, time.perf_counter() - began)


def runs_and_settings(algorithm: str, options: dict[str, Any]) -> tuple[Runs, Exploration]:
    """The options of an algorithm, checked; InputError for one that is unknown or reads no such."""
    if algorithm not in ALGORITHMS:
        raise InputError(f"algorithm {algorithm!r}{closest(algorithm, ALGORITHMS)}")
    refuse_unread(algorithm, options, reads_of())
    settings = ALGORITHMS[algorithm].settings
    names = {field.name for field in fields(settings)}
    own = {name: value for name, value in options.items() if name in names}
    rest = {name: value for name, value in options.items() if name not in names}
    return Runs(**rest), settings(**own)


def reads_of() -> dict[str, set[str]]:
    """The options that each algorithm reads: the fields of `Runs` and of its settings."""
    return {
        name: {field.name for kind in (Runs, entry.settings) for field in fields(kind)}
        for name, entry in ALGORITHMS.items()
    }


class _Place(NamedTuple):
    """Where episodes are run: a table, or else an environment; (states, actions); step limit."""

    table: Table | None
    env: gymnasium.Env[Any, Any] | None
    shape: tuple[int, int]
    limit: int

    def runner(self, seed: int, run: int) -> Callable[[Agent, Episodes, SplitMix], None]:
        """Runs the episodes of one run."""
        if self.table is not None:
            return partial(on_table, self.table)
        assert self.env is not None
        env = copy.deepcopy(self.env)
        env.reset(seed=int(np.random.SeedSequence([seed, run, 1]).generate_state(1)[0]))
        return partial(in_environment, env)


def _place(world: World) -> _Place:
    if isinstance(world, GridWorld | FiniteMDP):
        table = Table.of(world.outcome_table)
        return _Place(table, None, table.counts.shape, NO_LIMIT)
    spaces = world.observation_space, world.action_space
    if not all(isinstance(space, gymnasium.spaces.Discrete) for space in spaces):
        raise InputError(
            "a table needs finitely many states and actions, not observations "
            f"{spaces[0]} and actions {spaces[1]}"
        )
    own = None if world.spec is None else world.spec.max_episode_steps
    outcomes = OutcomeTable.of_environment(world)
    known = None if outcomes is None or outcomes.start is None else Table.of(outcomes)
    shape = int(spaces[0].n), int(spaces[1].n)  # type: ignore[attr-defined]
    return _Place(known, world, shape, NO_LIMIT if own is None else own)


def _learn_run(
    place: _Place, agent: Agent, episodes: Episodes, run: int, seed: int, called: Listeners
) -> Floats:
    """The action values [states, actions] after all episodes of a run."""
    generator, run_episodes = new_generator(seed, run), place.runner(seed, run)
    number = len(episodes.returns)
    # The ends of _REPORTS equal parts, at which `watch` is called however many parts there are.
    shown = set(_ends(number, _REPORTS))
    called.watch(run, 0, agent.q.mean(axis=0))
    first = 0
    for last in _ends(number, number if agent.plan else _REPORTS):
        run_episodes(agent, episodes.part(first, last), generator)
        if agent.plan:
            agent.plan()
        called.progress(last - first)
        if last in shown:
            called.watch(run, last, agent.q.mean(axis=0))
        first = last
    mean: Floats = agent.q.mean(axis=0)
    return mean


def _ends(episodes: int, parts: int) -> list[int]:
    """Where each of equal parts ends."""
    return [int(part[-1]) + 1 for part in np.array_split(np.arange(episodes), min(parts, episodes))]
