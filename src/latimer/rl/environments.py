"""What ENV means: a grid world, a finite decision process, or a Gymnasium environment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import gymnasium
from gymnasium.wrappers import TimeLimit

from latimer.errors import InputError
from latimer.rl.grid.grid_world import GridWorld
from latimer.rl.grid.layout import Layout, layout_of
from latimer.rl.grid.text import format_grid
from latimer.rl.grid.worlds import WORLDS
from latimer.rl.mdp.finite_mdp import FiniteMDP
from latimer.rl.mdp.outcome_table import OutcomeTable
from latimer.rl.mdp.process_file import from_json, load_mdp, to_json
from latimer.rl.mdp.saved import SUFFIXES

DEFAULT_DISCOUNT = 0.99
"""For Gymnasium environments, which have none of their own."""
DEFAULT_LIMIT = 1_000
"""Steps after which an episode of a grid world or a process is truncated in `Environment.make`."""


@dataclass(frozen=True, eq=False)
class Environment:
    """A decision process with its name.

    settings: the keywords with which a Gymnasium environment was made.
    """

    name: str
    world: GridWorld | FiniteMDP | gymnasium.Env[Any, Any]
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def own_discount(self) -> float | None:
        """That of a grid world or a process; None for Gymnasium."""
        if isinstance(self.world, GridWorld):
            return self.world.rules.discount
        return self.world.discount if isinstance(self.world, FiniteMDP) else None

    def discount(self, given: float | None) -> float:
        """`given`, or the environment's own, or 0.99."""
        own = DEFAULT_DISCOUNT if self.own_discount is None else self.own_discount
        return own if given is None else given

    @cached_property
    def layout(self) -> Layout | None:
        """How to draw it, if it is a grid."""
        return None if isinstance(self.world, FiniteMDP) else layout_of(self.world)

    def mdp(self, discount: float | None = None) -> FiniteMDP:
        """The process to plan on; InputError for an environment that shows no table."""
        gamma = self.discount(discount)
        if isinstance(self.world, GridWorld):
            return self.world.mdp(gamma)
        if isinstance(self.world, FiniteMDP):
            return self.world.with_discount(gamma)
        spaces = self.world.observation_space, self.world.action_space
        if not all(isinstance(space, gymnasium.spaces.Discrete) for space in spaces):
            raise InputError(
                f"{self.name}: planning needs finitely many states and actions, not observations "
                f"{spaces[0]} and actions {spaces[1]}"
            )
        table = OutcomeTable.of_environment(self.world)
        if table is None:
            raise InputError(
                f"{self.name}: planning needs its transitions, and it shows no table P of them"
            )
        return FiniteMDP.from_table(table, gamma)

    def make(
        self, limit: int | None = None, render_mode: str | None = None
    ) -> gymnasium.Env[Any, Any]:
        """A new Gymnasium environment.

        limit: steps after which an episode is truncated, by default Gymnasium's own for the
        environment, or DEFAULT_LIMIT.
        """
        if isinstance(self.world, gymnasium.Env):
            more: dict[str, Any] = {} if limit is None else {"max_episode_steps": limit}
            return make_gymnasium(self.name, {**self.settings, **more}, render_mode)
        return TimeLimit(self.world.environment(render_mode), limit or DEFAULT_LIMIT)

    def vectorised(self, copies: int, limit: int | None) -> gymnasium.vector.VectorEnv | None:
        """Gymnasium's own vectorised form, or None where there is none."""
        if not isinstance(self.world, gymnasium.Env):
            return None
        if gymnasium.spec(self.name).vector_entry_point is None:
            return None
        more: dict[str, Any] = {} if limit is None else {"max_episode_steps": limit}
        with _errors_of(self.name, self.settings):
            return gymnasium.make_vec(
                self.name, copies, vectorization_mode="vector_entry_point", **self.settings, **more
            )

    def to_json(self) -> dict[str, Any]:
        """What `from_json` makes the same environment of."""
        if isinstance(self.world, GridWorld):
            return {"name": self.name, "grid": format_grid(self.world)}
        if isinstance(self.world, FiniteMDP):
            return {"name": self.name, "process": to_json(self.world)}
        return {"name": self.name, "settings": dict(self.settings)}

    @classmethod
    def from_json(cls, values: Any, where: str) -> Environment:
        """The environment of `to_json`; InputError, with `where` it was read."""
        if not isinstance(values, Mapping) or not isinstance(values.get("name"), str):
            raise InputError(f"{where}: says no environment")
        name, grid, process = (values.get(key) for key in ("name", "grid", "process"))
        if isinstance(grid, str):
            return cls(str(name), GridWorld.from_text(grid, f"{where}: {name}"))
        if isinstance(process, Mapping):
            return cls(str(name), from_json(process, f"{where}: {name}"))
        settings = values.get("settings")
        if not isinstance(settings, Mapping):
            raise InputError(f"{where}: says no environment")
        return cls(str(name), make_gymnasium(str(name), settings), settings)


def environment_of(
    given: str | GridWorld | FiniteMDP | Environment, settings: Mapping[str, Any] | None = None
) -> Environment:
    """The environment of a name or an object; see `find_environment`."""
    if isinstance(given, str):
        return find_environment(given, settings)
    if settings:
        raise InputError("settings are for Gymnasium environments")
    if isinstance(given, Environment):
        return given
    return Environment("grid world" if isinstance(given, GridWorld) else "process", given)


def find_environment(name: str, settings: Mapping[str, Any] | None = None) -> Environment:
    """What a name stands for; InputError when there is no such environment.

    A file: `.npz` or `.json` with a process (`latimer.rl.mdp.process_file`), any other with a grid
    world; else one of the textbooks' grid worlds; else the id of a Gymnasium environment, which is
    made with `settings`.
    """
    path = Path(name)
    if not path.is_file() and name not in WORLDS:
        given = settings or {}
        return Environment(name, make_gymnasium(name, given), given)
    if settings:
        raise InputError(f"{name}: settings are for Gymnasium environments; edit the file")
    if not path.is_file():
        return Environment(name, GridWorld.textbook(name))
    if path.suffix.lower() in SUFFIXES:
        return Environment(name, load_mdp(path))
    return Environment(name, GridWorld.from_file(path))


def make_gymnasium(
    name: str, settings: Mapping[str, Any], render_mode: str | None = None
) -> gymnasium.Env[Any, Any]:
    """The Gymnasium environment of an id; InputError when it cannot be made."""
    is_path = name.startswith((".", "/", "~")) and "-v" not in name
    if name.endswith((".txt", *SUFFIXES)) or is_path:
        raise InputError(f"{name}: no such file")
    more: dict[str, Any] = {} if render_mode is None else {"render_mode": render_mode}
    with _errors_of(name, settings):
        return gymnasium.make(name, **settings, **more)


@contextmanager
def _errors_of(name: str, settings: Mapping[str, Any]) -> Iterator[None]:
    """Gymnasium's errors as InputError."""
    try:
        yield
    except (gymnasium.error.Error, ModuleNotFoundError) as error:
        raise InputError(
            f"{name} is no file, no Gymnasium environment ({error}) and no textbook world "
            f"({', '.join(WORLDS)})"
        ) from error
    except (TypeError, ValueError, KeyError) as error:
        raise InputError(f"{name} refuses its settings {dict(settings)}: {error}") from error
