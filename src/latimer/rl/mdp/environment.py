"""A finite decision process as a Gymnasium environment."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

from latimer.errors import InputError
from latimer.rl.mdp.outcome_table import OutcomeTable

Outcome = tuple[float, int, float, bool]


class TableEnv(gymnasium.Env[Any, Any]):
    """Observations are states, actions are numbers; both `Discrete`.

    Episodes end only where the table says so: wrap in Gymnasium's TimeLimit to truncate them.
    InputError as in `OutcomeTable.check_complete`.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012  (as Gymnasium declares it)
        "render_modes": ["ansi"],
        "render_fps": 4,
    }

    def __init__(
        self, table: OutcomeTable, draw: Callable[[int], str], render_mode: str | None = None
    ) -> None:
        """render_mode: None, or `ansi`, the text `draw(state)`."""
        if render_mode not in (None, "ansi"):
            raise InputError(f"render_mode {render_mode!r}; valid choices: ansi, None")
        table.check_complete()
        assert table.start is not None
        self.table, self.draw, self.render_mode = table, draw, render_mode
        self.observation_space = spaces.Discrete(table.states)
        self.action_space = spaces.Discrete(table.actions)
        self.initial_state_distrib = table.start
        self.state = int(np.argmax(table.start))

    @cached_property
    def P(self) -> dict[int, dict[int, list[Outcome]]]:
        """The outcomes as Gymnasium's toy-text environments show them."""
        return {
            state: {action: self._outcomes(state, action) for action in range(self.table.actions)}
            for state in range(self.table.states)
        }

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Begin an episode; returns (state, {})."""
        super().reset(seed=seed)
        self.state = int(self.np_random.choice(self.table.states, p=self.table.start))
        return self.state, {}

    def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
        """Take an action; returns (state, reward, terminated, False, {"prob": …})."""
        table, row = self.table, self.state * self.table.actions + int(action)
        first, last = table.first[row], table.first[row + 1]
        at = first + self.np_random.choice(last - first, p=table.probability[first:last])
        self.state = int(table.successor[at])
        reward, terminated = float(table.reward[at]), bool(table.terminated[at])
        return self.state, reward, terminated, False, {"prob": float(table.probability[at])}

    def render(self) -> Any:
        """The present state as text, or None without render mode."""
        return None if self.render_mode is None else self.draw(self.state)

    def _outcomes(self, state: int, action: int) -> list[Outcome]:
        table, row = self.table, state * self.table.actions + action
        columns = table.probability, table.successor, table.reward, table.terminated
        part = slice(table.first[row], table.first[row + 1])
        return list(zip(*(column[part].tolist() for column in columns), strict=True))
