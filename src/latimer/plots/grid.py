"""Pictures of grid worlds: values as colours, policies as arrows, action values as triangles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from latimer.plots.figure import GRID, INK, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from latimer.rl.grid.layout import Layout

Floats = NDArray[np.float64]
Ints = NDArray[np.integer[Any]]

WALL, ENDED, FREE = "#3d4852", "#d8dee4", "#f6f8fa"
COLOURS = "RdYlBu"
CELL = 0.72
"""Inches; small grids get larger cells, very large ones smaller."""
WRITTEN = 400
"""Grids of more cells have no numbers in them."""


def draw_values(layout: Layout, values: Floats, policy: Ints | None, title: str) -> Figure:
    """The value of each state [states] as a colour and a number; the policy [states] as arrows."""
    figure = new_figure(*size_of(layout))
    axes = figure.add_subplot()
    fill_values(axes, layout, values, policy)
    entitle(axes, title)
    return figure


def draw_action_values(layout: Layout, q: Floats, title: str) -> Figure:
    """Each cell's action values [states, actions] as triangles that point where the action goes.

    The greatest of a cell has a dot. With eight moves, or on a grid too large for triangles, the
    greatest value and its arrow are drawn instead.
    """
    figure = new_figure(*size_of(layout))
    axes = figure.add_subplot()
    fill_action_values(axes, layout, q)
    entitle(axes, title)
    return figure


def entitle(axes: Axes, title: str) -> None:
    """A title on two lines where a colon divides it: a narrow grid leaves no room for one."""
    name, colon, rest = title.partition(": ")
    axes.set_title(f"{name}\n{rest}" if colon else name, color=INK, fontsize=10)


def size_of(layout: Layout) -> tuple[float, float]:
    """Width and height of a grid's picture in inches."""
    lines, columns = layout.shape
    cell = float(np.clip(9.0 / max(lines, columns), 0.02, 1.0) if max(lines, columns) > 8 else CELL)
    return max(3.4, columns * cell + 0.4), max(2.4, lines * cell + 0.8)


def draw_cells(axes: Axes, layout: Layout) -> None:
    """The cells of a grid with their symbols, and no values."""
    _prepare(axes, layout)
    for cell in layout.cells:
        if cell in layout.walls:
            continue
        ended = cell in layout.ends
        _square(axes, cell, ENDED if ended else FREE, edge=GRID)
        _write(axes, cell, layout.symbols.get(cell, ""), 8, down=-0.34, aside=-0.36, bold=ended)


def fill_values(
    axes: Axes,
    layout: Layout,
    values: Floats,
    policy: Ints | None,
    limits: tuple[float, float] | None = None,
) -> None:
    """Draw on `axes`; limits: the values of the ends of the colour scale, by default the extremes.

    Ends are coloured like any other cell, walls are dark.
    """
    free = np.array([c not in layout.walls and c not in layout.ends for c in layout.cells])
    colour_of = _scale(values[free], limits)
    _prepare(axes, layout)
    small = layout.shape[0] * layout.shape[1] <= WRITTEN
    for state, cell in enumerate(layout.cells):
        if cell in layout.walls:
            continue
        ended = cell in layout.ends
        _square(axes, cell, ENDED if ended else colour_of(values[state]))
        if not small:
            continue
        symbol = layout.symbols.get(cell, "")
        if ended:
            _write(axes, cell, symbol, 11, bold=True)
            continue
        _write(axes, cell, _number(values[state]), 7, down=0.3 if policy is not None else 0.0)
        if symbol:
            _write(axes, cell, symbol, 6, down=-0.38, aside=-0.38)
        if policy is not None:
            _arrow(axes, cell, layout.moves[policy[state]])


def fill_action_values(
    axes: Axes, layout: Layout, q: Floats, limits: tuple[float, float] | None = None
) -> None:
    """Draw on `axes`; see `draw_action_values` and `fill_values`."""
    small = layout.shape[0] * layout.shape[1] <= WRITTEN
    if len(layout.moves) != 4 or not small:
        fill_values(axes, layout, q.max(axis=1), q.argmax(axis=1), limits)
        return
    from matplotlib.patches import Polygon

    free = np.array([c not in layout.walls and c not in layout.ends for c in layout.cells])
    colour_of = _scale(q[free].ravel(), limits)
    _prepare(axes, layout)
    for state, cell in enumerate(layout.cells):
        if cell in layout.walls:
            continue
        if cell in layout.ends:
            _square(axes, cell, ENDED)
            _write(axes, cell, layout.symbols.get(cell, ""), 11, bold=True)
            continue
        line, column = cell
        for action, (down, right) in enumerate(layout.moves):
            tip = (column, line)
            side = ((column - 0.5, line), (column + 0.5, line)) if down else (
                (column, line - 0.5), (column, line + 0.5)
            )  # fmt: skip
            edge = [(x + 0.5 * right, y + 0.5 * down) for x, y in side]
            colour = colour_of(q[state, action])
            axes.add_patch(
                Polygon([tip, *edge], facecolor=colour, edgecolor="white", linewidth=0.6)
            )
            best = q[state, action] == q[state].max() and q[state].min() < q[state].max()
            _write(axes, cell, _number(q[state, action]), 4.5, 0.32 * down, 0.31 * right)
            if best:
                axes.plot(column + 0.12 * right, line + 0.12 * down, "o", color=INK, markersize=2)


def _scale(values: Floats, limits: tuple[float, float] | None) -> Any:
    from matplotlib import colormaps
    from matplotlib.colors import Normalize

    if limits is None:
        finite = values[np.isfinite(values)]
        limits = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    low, high = limits
    # One value only: the middle of the scale, and no division by nought.
    norm = Normalize(low, high) if high > low else Normalize(low - 1, low + 1)
    colours = colormaps[COLOURS]
    return lambda value: colours(0.12 + 0.78 * float(np.clip(norm(value), 0, 1)))


def _prepare(axes: Axes, layout: Layout) -> None:
    lines, columns = layout.shape
    axes.set_xlim(-0.5, columns - 0.5)
    axes.set_ylim(lines - 0.5, -0.5)
    axes.set_aspect("equal")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_facecolor(WALL)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _square(axes: Axes, cell: tuple[int, int], colour: Any, edge: str = "white") -> None:
    from matplotlib.patches import Rectangle

    corner = (cell[1] - 0.5, cell[0] - 0.5)
    axes.add_patch(Rectangle(corner, 1, 1, facecolor=colour, edgecolor=edge, linewidth=0.8))


def _write(
    axes: Axes,
    cell: tuple[int, int],
    text: str,
    size: float,
    down: float = 0.0,
    aside: float = 0.0,
    *,
    bold: bool = False,
) -> None:
    axes.text(
        cell[1] + aside, cell[0] + down, text, ha="center", va="center", color=INK,
        fontsize=size, fontweight="bold" if bold else "normal",
    )  # fmt: skip


def _arrow(axes: Axes, cell: tuple[int, int], move: tuple[int, int]) -> None:
    length = 0.26 / float(np.hypot(*move))
    down, right = move[0] * length, move[1] * length
    axes.annotate(
        "", xy=(cell[1] + right, cell[0] + down - 0.08),
        xytext=(cell[1] - right, cell[0] - down - 0.08),
        arrowprops={"arrowstyle": "-|>", "color": INK, "linewidth": 1.0, "mutation_scale": 8},
    )  # fmt: skip


def _number(value: float) -> str:
    if not np.isfinite(value):
        return str(value)
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}" if value else "0"
