"""Learn a table of action values from experience, in one or many independent runs."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np

from latimer.errors import InputError
from latimer.rl.grid.grid_world import GridWorld
from latimer.rl.mdp import saved
from latimer.rl.mdp.arrays import Floats, Ints
from latimer.rl.mdp.finite_mdp import FiniteMDP
from latimer.rl.mdp.outcome_table import OutcomeTable
from latimer.rl.tabular import rules
from latimer.rl.tabular.agent import Agent, Options
from latimer.rl.tabular.certainty import certainty_agent
from latimer.rl.tabular.dyna import dyna_agent
from latimer.rl.tabular.episodes import in_environment, on_table
from latimer.rl.tabular.rules import td_agent
from latimer.rl.tabular.schedules import Schedule, spread
from latimer.rl.tabular.splitmix import new_chance
from latimer.rl.tabular.sweeping import sweeping_agent
from latimer.rl.tabular.table import Table
from latimer.rl.tabular.traces import KINDS, trace_agent

Maker = Callable[[tuple[int, int], Options], Agent]


@dataclass(frozen=True)
class Algorithm:
    """How its agent is made for (states, actions), and which of `learn`'s options it reads."""

    make: Maker
    reads: frozenset[str] = frozenset()


_STEPS = frozenset({"by_visits"})
_TRACES = frozenset({"decay", "traces"})

ALGORITHMS = {
    "q-learning": Algorithm(partial(td_agent, rules.Q_LEARNING), _STEPS),
    "sarsa": Algorithm(partial(td_agent, rules.SARSA), _STEPS),
    "expected-sarsa": Algorithm(partial(td_agent, rules.EXPECTED_SARSA), _STEPS),
    "double-q": Algorithm(partial(td_agent, rules.DOUBLE_Q), _STEPS),
    "sarsa-lambda": Algorithm(partial(trace_agent, rules.SARSA), _TRACES),
    "q-lambda": Algorithm(partial(trace_agent, rules.Q_LEARNING), _TRACES),
    "dyna-q": Algorithm(dyna_agent, frozenset({"planning"})),
    "prioritised-sweeping": Algorithm(sweeping_agent, frozenset({"planning"})),
    "certainty-equivalence": Algorithm(certainty_agent),
}

DEFAULTS = {"decay": 0.9, "planning": 10, "traces": "replacing", "by_visits": False}
"""Of options that only some algorithms read."""

NO_LIMIT = 100_000
"""Steps of an episode where the environment sets no limit, so that none goes on for ever."""

_REPORTS = 50
_ARRAYS = ("q", "returns", "lengths")
"""What is kept of `Learned` in a file, beside its facts."""
MOST_PLANNING = 10_000


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

    def save(self, path: Path, **facts: Any) -> None:
        """Write `.npz` or `.json`, with further facts; see `latimer.rl.mdp.saved.save`."""
        own = {"algorithm": self.algorithm, "steps": self.steps, "seconds": self.seconds}
        saved.save(path, facts | own, {name: getattr(self, name) for name in _ARRAYS})

    @classmethod
    def load(cls, path: Path) -> Learned:
        """What `save` wrote, exactly; InputError for any other file."""
        facts, arrays = saved.load(path)
        algorithm, seconds = facts.get("algorithm"), facts.get("seconds")
        q, returns, lengths = (arrays.get(name, np.empty(0)) for name in _ARRAYS)
        wrong = q.ndim != 3 or returns.ndim != 2 or returns.shape != lengths.shape
        if wrong or not isinstance(algorithm, str) or not isinstance(seconds, int | float):
            raise InputError(f"{path}: no saved table of action values")
        if len(q) != len(returns):
            raise InputError(f"{path}: tables of {len(q)} runs, but returns of {len(returns)}")
        return cls(algorithm, q, returns, lengths, float(seconds))


def learn(
    world: GridWorld | FiniteMDP | gymnasium.Env[Any, Any],
    algorithm: str = "q-learning",
    *,
    episodes: int,
    alpha: Schedule = 0.1,
    epsilon: Schedule = 0.1,
    discount: float = 0.99,
    initial: float = 0.0,
    decay: float | None = None,
    planning: int | None = None,
    traces: str | None = None,
    by_visits: bool | None = None,
    limit: int | None = None,
    runs: int = 1,
    seed: int = 0,
    threads: int = 1,
    progress: Callable[[int], None] | None = None,
    watch: Callable[[int, int, Floats], None] | None = None,
) -> Learned:
    """Learn by the named one of ALGORITHMS, with an ε-greedy policy.

    A grid world, a `FiniteMDP` that has a start (at the discount given here, not its own), or an
    environment that shows its table `P` and how it starts, is learned on in
    compiled code, `threads` runs at a time; another one by its `step`, one run after the other. A
    run's numbers depend on `seed` and its place only.

    initial: every value before learning; decay: λ of SARSA(λ) and Q(λ), 0.9; planning: remembered
    steps for each one lived of Dyna-Q and prioritised sweeping, 10; traces: of
    `latimer.rl.tabular.traces.KINDS`, replacing; by_visits: divide alpha by the times that the pair
    was tried in the run, which makes q the mean of its targets where alpha is 1; limit: steps of an
    episode, by default what the environment says; progress: called with the number of episodes that
    have just been lived through; watch: called with the run, its episodes so far and its q [states,
    actions], from the start to the end at most 51 times a run. InputError names what cannot be.
    """
    given = {"decay": decay, "planning": planning, "traces": traces, "by_visits": by_visits}
    _check(algorithm, episodes, discount, runs, threads, given)
    alphas, epsilons = spread("alpha", alpha, episodes), spread("epsilon", epsilon, episodes)
    live, shape, own_limit = _place(world)
    q, returns = np.empty((runs, *shape)), np.zeros((runs, episodes))
    lengths = np.zeros((runs, episodes), np.int64)
    most = own_limit if limit is None else limit
    if most < 1:
        raise InputError(f"a limit of {most} steps; an episode needs at least 1")
    chosen: dict[str, Any] = {k: DEFAULTS[k] if v is None else v for k, v in given.items()}
    counting = chosen.pop("by_visits")

    # The ends of _REPORTS equal parts, at which `watch` is called however many parts there are.
    shown = {int(part[-1]) + 1 for part in _parts(episodes, _REPORTS)}

    def one(run: int) -> None:
        chance, place = new_chance(seed, run), live(seed, run)
        agent = ALGORITHMS[algorithm].make(shape, Options(float(initial), discount, **chosen))
        if counting:
            agent = replace(agent, visits=np.zeros(shape, np.int64))
        parts = episodes if agent.think else _REPORTS
        if watch is not None:
            watch(run, 0, agent.q.mean(axis=0))
        for part in _parts(episodes, parts):
            here = slice(part[0], part[-1] + 1)
            outcome = returns[run, here], lengths[run, here]
            place(agent, alphas[here], epsilons[here], discount, most, chance, *outcome)
            if agent.think:
                agent.think()
            if progress is not None:
                progress(len(part))
            if watch is not None and part[-1] + 1 in shown:
                watch(run, int(part[-1]) + 1, agent.q.mean(axis=0))
        q[run] = agent.q.mean(axis=0)

    began = time.perf_counter()
    with ThreadPoolExecutor(
        threads if isinstance(world, GridWorld | FiniteMDP) or _table(world) else 1
    ) as pool:
        list(pool.map(one, range(runs)))
    return Learned(algorithm, q, returns, lengths, time.perf_counter() - began)


Live = Callable[..., None]


def _place(
    world: GridWorld | FiniteMDP | gymnasium.Env[Any, Any],
) -> tuple[Callable[[int, int], Live], tuple[int, int], int]:
    """Where a run of (seed, run) lives its episodes; (states, actions); the limit on steps."""
    if isinstance(world, GridWorld | FiniteMDP):
        table = Table.of(world.outcome_table)
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
    if outcomes is None or start is None:
        return None
    return Table.of(OutcomeTable.parse(outcomes, start))


def _parts(episodes: int, parts: int) -> list[Ints]:
    return np.array_split(np.arange(episodes), min(parts, episodes))


def _check(
    algorithm: str,
    episodes: int,
    discount: float,
    runs: int,
    threads: int,
    given: dict[str, Any],
) -> None:
    if algorithm not in ALGORITHMS:
        near = get_close_matches(algorithm, ALGORITHMS, n=1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        raise InputError(f"algorithm {algorithm!r}{hint}; valid choices: {', '.join(ALGORITHMS)}")
    for name, number in (("episodes", episodes), ("runs", runs), ("threads", threads)):
        if number < 1:
            raise InputError(f"{name} is {number}; it must be at least 1")
    if episodes * runs > 10**9:
        raise InputError(f"{runs} runs of {episodes} episodes: at most 1e9 episodes in all")
    for name, value in given.items():
        if value is not None and name not in ALGORITHMS[algorithm].reads:
            readers = [key for key, entry in ALGORITHMS.items() if name in entry.reads]
            raise InputError(f"{algorithm} does not read {name}; {', '.join(readers)} do")
    for name, value in (("discount", discount), ("decay", given["decay"])):
        if value is not None and not 0 <= value <= 1:
            raise InputError(f"{name} is {value}; it must be from 0 to 1")
    if given["traces"] not in (None, *KINDS):
        raise InputError(f"traces {given['traces']!r}; valid choices: {', '.join(KINDS)}")
    steps = given["planning"]
    if steps is not None and not 0 <= steps <= MOST_PLANNING:
        raise InputError(f"planning is {steps}; it must be from 0 to {MOST_PLANNING:,}")
