"""Values and policies of a grid world as text, in colour where a terminal shows it."""

from __future__ import annotations

import numpy as np

from latimer.rl.grid.grid_world import GridWorld
from latimer.rl.mdp.arrays import Floats, Ints

ARROWS = {4: "↑→↓←", 8: "↑↗→↘↓↙←↖"}
RAMP = (52, 88, 94, 100, 64, 28, 22)
"""Background colours of xterm's 256 from the least value (red) to the greatest (green)."""


def picture(
    grid: GridWorld, values: Floats, policy: Ints | None = None, *, colour: bool = False
) -> str:
    """The grid with a number in each cell and, given a policy [states], an arrow beside it.

    values: [states]. `####` is a wall and `~~~~` a cell that throws one back to the start; a cell
    that ends the episode shows its symbol, and one that jumps its symbol for the arrow.
    """
    texts = {}
    for state, cell in enumerate(grid.cells):
        symbol, kind = grid.rows[cell[0]][cell[1]], grid.meaning(cell).kind
        if kind == "end":
            texts[cell] = symbol
            continue
        number = f"{values[state]:.2f}"
        arrow = "" if policy is None else ARROWS[grid.rules.moves][policy[state]]
        texts[cell] = number + (symbol if kind == "jump" and arrow else arrow)
    width = max(4, *(len(text) for text in texts.values()))
    lines = []
    for line, row in enumerate(grid.rows):
        shown = []
        for column, symbol in enumerate(row):
            filler = {"wall": "#", "back": "~"}.get(grid.meanings[symbol].kind, "")
            text = texts.get((line, column), filler * width).rjust(width)
            here = grid.state_of.get((line, column))
            if colour and here is not None and grid.meaning((line, column)).kind != "end":
                text = f"\x1b[48;5;{_shade(values, values[here])}m{text}\x1b[0m"
            shown.append(text)
        lines.append("  ".join(shown))
    return "\n".join(lines) + "\n"


def _shade(values: Floats, value: float) -> int:
    low, high = float(values.min()), float(values.max())
    share = (value - low) / (high - low) if high > low else 1.0
    return RAMP[int(np.clip(share * len(RAMP), 0, len(RAMP) - 1))]
