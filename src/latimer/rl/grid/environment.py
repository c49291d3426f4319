"""A grid world as a Gymnasium environment."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

from latimer.errors import InputError
from latimer.rl.grid.grid_world import GridWorld


class GridWorldEnv(gymnasium.Env[Any, Any]):
    """Observations are states, actions the world's moves; `P` is the table that planning reads.

    Episodes end only where the drawing says so: wrap in Gymnasium's TimeLimit to cut them off.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012  (as Gymnasium declares it)
        "render_modes": ["ansi"],
        "render_fps": 4,
    }

    def __init__(self, grid: GridWorld, render_mode: str | None = None) -> None:
        """render_mode: None or `ansi` (a text with `@` where the agent is)."""
        if render_mode not in (None, "ansi"):
            raise InputError(f"render_mode {render_mode!r}; valid choices: ansi, None")
        self.grid, self.render_mode = grid, render_mode
        self.observation_space = spaces.Discrete(len(grid.cells))
        self.action_space = spaces.Discrete(grid.rules.moves)
        self.P = grid.table
        self.initial_state_distrib = grid.start
        self.state = int(np.argmax(grid.start))

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Begin an episode; returns (state, {})."""
        super().reset(seed=seed)
        self.state = int(self.np_random.choice(len(self.grid.cells), p=self.grid.start))
        return self.state, {}

    def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
        """Take an action; returns (state, reward, terminated, False, {"prob": …})."""
        outcomes = self.P[self.state][int(action)]
        at = self.np_random.choice(len(outcomes), p=[outcome[0] for outcome in outcomes])
        probability, self.state, reward, ended = outcomes[at]
        return self.state, reward, ended, False, {"prob": probability}

    def render(self) -> Any:
        """The drawing with the agent in it, or None without render mode."""
        if self.render_mode is None:
            return None
        rows = [list(row) for row in self.grid.rows]
        line, column = self.grid.cells[self.state]
        rows[line][column] = "@"
        return "\n".join("".join(row) for row in rows) + "\n"
