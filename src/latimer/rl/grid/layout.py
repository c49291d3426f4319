"""Where the states of a grid lie, for pictures: of grid worlds and of Gymnasium's own grids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np

from latimer.rl.grid.grid_world import GridWorld

Cell = tuple[int, int]

UP, RIGHT, DOWN, LEFT = (-1, 0), (0, 1), (1, 0), (0, -1)
FOUR = (UP, RIGHT, DOWN, LEFT)
EIGHT = (UP, (-1, 1), RIGHT, (1, 1), DOWN, (1, -1), LEFT, (-1, -1))


@dataclass(frozen=True)
class Board:
    """A grid as it is drawn.

    shape: lines and columns; cells: line and column of each state; moves: the direction of each
    action, in lines and columns; symbols: what is written in a cell beside or instead of a value;
    ends: cells in which nothing is done any more; walls: cells in which one cannot be.
    """

    shape: tuple[int, int]
    cells: tuple[Cell, ...]
    moves: tuple[Cell, ...]
    symbols: Mapping[Cell, str]
    ends: frozenset[Cell]
    walls: frozenset[Cell]


def board_of(world: GridWorld | gymnasium.Env[Any, Any]) -> Board | None:
    """The board of a grid world, a frozen lake or a cliff; None for anything else."""
    if isinstance(world, GridWorld):
        return _of_world(world)
    inner: Any = world.unwrapped
    if hasattr(inner, "desc") and hasattr(inner, "nrow"):
        return _of_lake(inner.desc)
    if hasattr(inner, "_cliff"):
        return _of_cliff(inner)
    return None


def _of_world(world: GridWorld) -> Board:
    every = [(i, j) for i in range(world.shape[0]) for j in range(world.shape[1])]
    kinds = {cell: world.meaning(cell).kind for cell in every}
    symbols = {c: world.rows[c[0]][c[1]] for c in every if kinds[c] in ("end", "jump", "back")}
    symbols |= {c: "S" for c in every if world.rows[c[0]][c[1]] == "S"}
    return Board(
        world.shape,
        tuple(world.cells),
        FOUR if world.rules.moves == 4 else EIGHT,
        symbols,
        frozenset(c for c in every if kinds[c] == "end"),
        frozenset(c for c in every if kinds[c] in ("wall", "back")),
    )


def _of_lake(drawing: Any) -> Board:
    lines, columns = drawing.shape
    cells = tuple((i, j) for i in range(lines) for j in range(columns))
    symbols = {cell: drawing[cell].decode() for cell in cells}
    ends = frozenset(cell for cell in cells if symbols[cell] in "GH")
    shown = {cell: symbol for cell, symbol in symbols.items() if symbol != "F"}
    return Board((lines, columns), cells, (LEFT, DOWN, RIGHT, UP), shown, ends, frozenset())


def _of_cliff(inner: Any) -> Board:
    lines, columns = inner.shape
    cells = tuple((i, j) for i in range(lines) for j in range(columns))
    cliff = frozenset((int(i), int(j)) for i, j in np.argwhere(inner._cliff))
    goal, start = (lines - 1, columns - 1), (lines - 1, 0)
    symbols = {goal: "G", start: "S"}
    return Board((lines, columns), cells, FOUR, symbols, frozenset([goal]), cliff)
