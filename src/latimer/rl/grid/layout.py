"""Where the states of a grid lie in a picture: grid worlds, and the grids among Gymnasium's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np

from latimer.rl.grid.grid_world import GridWorld
from latimer.rl.grid.rules import MOVES, Cell

UP, RIGHT, DOWN, LEFT = MOVES[4].values()


@dataclass(frozen=True)
class Layout:
    """The geometry of a grid.

    shape: lines and columns; cells: line and column of each state; moves: the direction of each
    action, in lines and columns; symbols: written in a cell beside or instead of a value;
    ends: terminal cells; walls: cells that are no state, or cannot be entered.
    """

    shape: tuple[int, int]
    cells: tuple[Cell, ...]
    moves: tuple[Cell, ...]
    symbols: Mapping[Cell, str]
    ends: frozenset[Cell]
    walls: frozenset[Cell]


def layout_of(world: GridWorld | gymnasium.Env[Any, Any]) -> Layout | None:
    """The layout of a grid world, FrozenLake or CliffWalking; None for anything else."""
    if isinstance(world, GridWorld):
        return _of_world(world)
    inner: Any = world.unwrapped
    if hasattr(inner, "desc") and hasattr(inner, "nrow"):
        return _of_lake(inner.desc)
    if hasattr(inner, "_cliff"):
        return _of_cliff(inner)
    return None


def _of_world(world: GridWorld) -> Layout:
    every = [(i, j) for i in range(world.shape[0]) for j in range(world.shape[1])]
    kinds = {cell: world.meaning(cell).kind for cell in every}
    symbols = {c: world.rows[c[0]][c[1]] for c in every if kinds[c] in ("end", "jump", "back")}
    symbols |= {c: "S" for c in every if world.rows[c[0]][c[1]] == "S"}
    return Layout(
        world.shape,
        tuple(world.cells),
        tuple(MOVES[world.rules.moves].values()),
        symbols,
        frozenset(c for c in every if kinds[c] == "end"),
        frozenset(c for c in every if kinds[c] in ("wall", "back")),
    )


def _of_lake(drawing: Any) -> Layout:
    lines, columns = drawing.shape
    cells = tuple((i, j) for i in range(lines) for j in range(columns))
    symbols = {cell: drawing[cell].decode() for cell in cells}
    ends = frozenset(cell for cell in cells if symbols[cell] in "GH")
    shown = {cell: symbol for cell, symbol in symbols.items() if symbol != "F"}
    return Layout((lines, columns), cells, (LEFT, DOWN, RIGHT, UP), shown, ends, frozenset())


def _of_cliff(inner: Any) -> Layout:
    lines, columns = inner.shape
    cells = tuple((i, j) for i in range(lines) for j in range(columns))
    cliff = frozenset((int(i), int(j)) for i, j in np.argwhere(inner._cliff))
    goal, start = (lines - 1, columns - 1), (lines - 1, 0)
    symbols = {goal: "G", start: "S"}
    return Layout(
        (lines, columns), cells, (UP, RIGHT, DOWN, LEFT), symbols, frozenset([goal]), cliff
    )
