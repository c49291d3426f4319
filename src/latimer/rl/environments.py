"""Find the environment of a name: a grid-world file, a textbook's world, a Gymnasium id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np

from latimer.errors import InputError
from latimer.rl.grid.grid_world import GridWorld
from latimer.rl.grid.layout import Board, board_of
from latimer.rl.grid.worlds import WORLDS
from latimer.rl.mdp.finite_mdp import FiniteMDP

DEFAULT_DISCOUNT = 0.99
"""For Gymnasium environments, which have none of their own."""


@dataclass(frozen=True, eq=False)
class Problem:
    """A decision process and where it comes from.

    grid is None for Gymnasium environments, board for what is no grid at all.
    """

    name: str
    mdp: FiniteMDP
    grid: GridWorld | None = None
    board: Board | None = None


def load_problem(
    name: str, discount: float | None = None, settings: Mapping[str, Any] | None = None
) -> Problem:
    """The problem that `name` stands for; InputError when there is none that can be planned on.

    discount: None is a grid world's own, and 0.99 for Gymnasium. settings: keywords of
    `gymnasium.make`.
    """
    world, own = load_world(name, settings)
    if isinstance(world, GridWorld):
        return Problem(name, world.mdp(discount), world, board_of(world))
    try:
        mdp = mdp_of_environment(world, own if discount is None else discount, name)
        return Problem(name, mdp, None, board_of(world))
    finally:
        world.close()


def load_world(
    name: str, settings: Mapping[str, Any] | None = None
) -> tuple[GridWorld | gymnasium.Env[Any, Any], float]:
    """What `name` stands for, to learn in, and its discount; InputError when there is no such."""
    path = Path(name)
    if not path.is_file() and name not in WORLDS:
        return make_environment(name, settings or {}), DEFAULT_DISCOUNT
    if settings:
        raise InputError(f"{name}: settings are for Gymnasium environments; edit the drawing")
    grid = GridWorld.from_file(path) if path.is_file() else GridWorld.textbook(name)
    return grid, grid.rules.discount


def make_environment(name: str, settings: Mapping[str, Any]) -> gymnasium.Env[Any, Any]:
    """The Gymnasium environment of an id; InputError when it cannot be made."""
    if name.endswith(".txt") or (name.startswith((".", "/", "~")) and "-v" not in name):
        raise InputError(f"{name}: no such file")
    try:
        return gymnasium.make(name, **settings)
    except (gymnasium.error.Error, ModuleNotFoundError) as error:
        raise InputError(
            f"{name} is no file, no Gymnasium environment ({error}) and no textbook world "
            f"({', '.join(WORLDS)})"
        ) from error
    except (TypeError, ValueError, KeyError) as error:
        raise InputError(f"{name} refuses its settings {dict(settings)}: {error}") from error


def mdp_of_environment(env: gymnasium.Env[Any, Any], discount: float, name: str) -> FiniteMDP:
    """The decision process of an environment that shows its table `P`; InputError without one.

    `name` is for the complaint. A limit on steps is no part of the process: it is left out.
    """
    inner = env.unwrapped
    spaces = (inner.observation_space, inner.action_space)
    if not all(isinstance(space, gymnasium.spaces.Discrete) for space in spaces):
        raise InputError(
            f"{name}: planning needs finitely many states and actions, not observations "
            f"{spaces[0]} and actions {spaces[1]}"
        )
    table = getattr(inner, "P", None)
    if table is None:
        raise InputError(f"{name}: does not show its transitions (a table P), so one cannot plan")
    start = getattr(inner, "initial_state_distrib", None)
    start = None if start is None else np.asarray(start, dtype=float)
    return FiniteMDP.from_table(table, discount, start=start)
