"""Grid worlds: walls, goals, pits, cliffs, jumps, wind and slipping, as a decision process.

A world is drawn as text (see `latimer.rl.grid.text`). It becomes a decision process by `mdp` and a
Gymnasium environment by `environment`. States are the cells that the agent can be in, row by row
from the top left.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from latimer.errors import InputError
from latimer.files import read_lines
from latimer.rl.grid.rules import MOVES, Cell, Description, Meaning
from latimer.rl.grid.text import parse_grid
from latimer.rl.grid.worlds import WORLDS
from latimer.rl.mdp.arrays import Floats
from latimer.rl.mdp.environment import TableEnv
from latimer.rl.mdp.finite_mdp import FiniteMDP
from latimer.rl.mdp.outcome_table import OutcomeTable

Outcome = tuple[float, int, float, bool]


@dataclass(frozen=True, eq=False)
class GridWorld(Description):
    """A description with what follows from it: states, outcomes, process, environment."""

    @classmethod
    def from_text(cls, text: str, name: str = "grid world") -> GridWorld:
        """A world from its description; InputError names `name`, line and column."""
        return cls._of(parse_grid(text.splitlines(), name))

    @classmethod
    def from_file(cls, path: Path) -> GridWorld:
        """A world from a UTF-8 file."""
        return cls._of(parse_grid(list(read_lines(path)), str(path)))

    @classmethod
    def textbook(cls, name: str) -> GridWorld:
        """One of `worlds.WORLDS`; InputError lists the names there are."""
        if name not in WORLDS:
            raise InputError(f"no grid world {name!r}; there are: {', '.join(WORLDS)}")
        return cls.from_text(WORLDS[name], name)

    @classmethod
    def _of(cls, given: Description) -> GridWorld:
        return cls(given.rows, given.meanings, given.rules)

    @property
    def shape(self) -> tuple[int, int]:
        """Number of lines and columns of the drawing."""
        return len(self.rows), len(self.rows[0])

    @property
    def actions(self) -> list[str]:
        """The names of the actions, in order."""
        return list(MOVES[self.rules.moves])

    @cached_property
    def cells(self) -> list[Cell]:
        """Line and column, from 0, of every state."""
        return [
            (line, column)
            for line, row in enumerate(self.rows)
            for column, symbol in enumerate(row)
            if self.meanings[symbol].kind not in ("wall", "back")
        ]

    @cached_property
    def state_of(self) -> dict[Cell, int]:
        """The state that a cell is."""
        return {cell: state for state, cell in enumerate(self.cells)}

    @cached_property
    def start(self) -> Floats:
        """Distribution [states] of the first state: even over S, or over non-terminal cells."""
        starts = [self.rows[line][column] == "S" for line, column in self.cells]
        if not any(starts):
            starts = [self.meaning(cell).kind != "end" for cell in self.cells]
        return np.array(starts, dtype=float) / sum(starts)

    def meaning(self, cell: Cell) -> Meaning:
        """What the symbol drawn in a cell stands for."""
        return self.meanings[self.rows[cell[0]][cell[1]]]

    def outcomes(self, state: int, action: int) -> list[Outcome]:
        """[(probability, successor, reward, whether the episode ends)] of a state and action."""
        cell = self.cells[state]
        here = self.meaning(cell)
        if here.kind == "end":
            return [(1.0, state, 0.0, True)]
        if here.kind == "jump":
            return [(1.0, self.state_of[self._find(here.target)], self._pays(here), False)]
        slip, turn = self.rules.slip, self.rules.moves // 4
        shares = [(1.0 - slip, 0), (slip / 2, turn), (slip / 2, -turn)]
        return [
            (share, *self._arrive(cell, (action + aside) % self.rules.moves))
            for share, aside in shares
            if share > 0
        ]

    @cached_property
    def table(self) -> dict[int, dict[int, list[Outcome]]]:
        """All outcomes as Gymnasium's `P`: table[state][action]."""
        return {
            state: {action: self.outcomes(state, action) for action in range(self.rules.moves)}
            for state in range(len(self.cells))
        }

    @cached_property
    def outcome_table(self) -> OutcomeTable:
        """The same, checked, with the distribution of the first state."""
        return OutcomeTable.parse(self.table, self.start)

    def mdp(self, discount: float | None = None) -> FiniteMDP:
        """The decision process, at the world's own discount or another."""
        return FiniteMDP.from_table(
            self.outcome_table,
            self.rules.discount if discount is None else discount,
            state_names=[f"line {line + 1}, column {column + 1}" for line, column in self.cells],
            action_names=self.actions,
        )

    def environment(self, render_mode: str | None = None) -> TableEnv:
        """The Gymnasium environment; render_mode: None, or `ansi`, which shows the agent as `@`."""
        return TableEnv(self.outcome_table, self.drawing, render_mode)

    def drawing(self, state: int) -> str:
        """The drawing with the agent, `@`, in a state."""
        rows = [list(row) for row in self.rows]
        line, column = self.cells[state]
        rows[line][column] = "@"
        return "\n".join("".join(row) for row in rows) + "\n"

    def layout(self, values: Floats) -> Floats:
        """Numbers of the states [states] as they lie on the grid [lines, columns]; else NaN."""
        grid = np.full(self.shape, np.nan)
        for cell, value in zip(self.cells, values, strict=True):
            grid[cell] = value
        return grid

    def _arrive(self, cell: Cell, direction: int) -> tuple[int, float, bool]:
        """Successor, reward and end of moving in a direction from a floor cell."""
        step = list(MOVES[self.rules.moves].values())[direction]
        there, blocked = self._shift(cell, step)
        for _ in range(self.rules.wind[cell[1]] if self.rules.wind else 0):
            there, _ = self._shift(there, (-1, 0))
        if there == cell:
            stopped = self.rules.step if self.rules.bump is None else self.rules.bump
            return self.state_of[cell], stopped if blocked else self.rules.step, False
        entered = self.meaning(there)
        if entered.kind == "back":
            return int(np.argmax(self.start)), self._pays(entered), False
        # A jump pays when it is made, and not when one comes to where it begins.
        reward = self.rules.step if entered.kind == "jump" else self._pays(entered)
        return self.state_of[there], reward, entered.kind == "end"

    def _shift(self, cell: Cell, step: tuple[int, int]) -> tuple[Cell, bool]:
        """The cell one step on, or the same where an edge or a wall is in the way."""
        line, column = cell[0] + step[0], cell[1] + step[1]
        inside = 0 <= line < self.shape[0] and 0 <= column < self.shape[1]
        if not inside or self.meaning((line, column)).kind == "wall":
            return cell, True
        return (line, column), False

    def _pays(self, meaning: Meaning) -> float:
        return self.rules.step if meaning.reward is None else meaning.reward

    def _find(self, symbol: str) -> Cell:
        return next(cell for cell in self.cells if self.rows[cell[0]][cell[1]] == symbol)
