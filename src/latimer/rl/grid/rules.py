"""What a grid world consists of beside its drawing: symbols, rewards, slips and wind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Cell = tuple[int, int]

MOVES = {
    4: {"up": (-1, 0), "right": (0, 1), "down": (1, 0), "left": (0, -1)},
    8: {
        "up": (-1, 0),
        "up-right": (-1, 1),
        "right": (0, 1),
        "down-right": (1, 1),
        "down": (1, 0),
        "down-left": (1, -1),
        "left": (0, -1),
        "up-left": (-1, -1),
    },
}
"""Actions in their order, clockwise from the top: (rows, columns) of one move."""


@dataclass(frozen=True)
class Meaning:
    """What a symbol of the drawing stands for.

    kind: `floor`; `wall`; `end`, where the episode ends on entering; `back`, which puts the agent
    back to the start; `jump`, from which every action leads to the cell `target`. reward: for
    entering, or for jumping; None is the reward of a step.
    """

    kind: Literal["floor", "wall", "end", "back", "jump"]
    reward: float | None = None
    target: str = ""


@dataclass(frozen=True)
class Rules:
    """Everything about a world but its drawing.

    step: reward of a move; bump: of a move that a wall or the edge stops (None: as a step);
    slip: probability of moving at a right angle to the action, half to either side; wind: cells
    by which each column blows upwards; moves: 4 or 8 directions.
    """

    discount: float = 1.0
    step: float = -1.0
    bump: float | None = None
    slip: float = 0.0
    moves: Literal[4, 8] = 4
    wind: Sequence[int] = ()


@dataclass(frozen=True, eq=False)
class Description:
    """A grid world as it is written: see `latimer.rl.grid.text`.

    rows: the drawing, all lines equally long; meanings: of every symbol in it.
    """

    rows: Sequence[str]
    meanings: Mapping[str, Meaning]
    rules: Rules = field(default_factory=Rules)
