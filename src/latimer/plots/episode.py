"""One episode: the path on a grid, or rendered frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from latimer.plots.figure import BLUE, INK, ORANGE, new_figure
from latimer.plots.grid import draw_cells, entitle, size_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from latimer.rl.grid.layout import Layout

SHEET = 8
"""Frames of a still picture, in two rows."""


def draw_path(layout: Layout, states: Sequence[int], title: str) -> Figure:
    """The path through the states [steps + 1], from the first (a ring) to the last (a dot)."""
    figure = new_figure(*size_of(layout))
    axes = figure.add_subplot()
    draw_cells(axes, layout)
    _line(axes, layout, states)
    entitle(axes, title)
    return figure


def path_frames(
    layout: Layout,
    states: Sequence[int],
    returns: Sequence[float],
    title: str,
    chosen: Sequence[int],
) -> Iterator[Figure]:
    """A figure for each of the `chosen` steps: the path so far, and the return."""
    for step in chosen:
        yield draw_path(layout, states[: step + 1], f"{title}: {_caption(step, returns)}")


def draw_frames(frames: Sequence[Any], title: str) -> Figure:
    """Up to eight rendered frames [height, width, 3], evenly spread over the episode."""
    last = len(frames) - 1
    chosen = np.unique(np.linspace(0, last, min(SHEET, len(frames))).round().astype(int)).tolist()
    columns = min(len(chosen), SHEET // 2)
    rows = -(-len(chosen) // columns)
    figure = new_figure(2.2 * columns, 1.9 * rows + 0.4)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in panels:
        axes.set_axis_off()
    for axes, step in zip(panels, chosen, strict=False):
        axes.imshow(frames[step])
        axes.set_title(f"step {step}", color=INK, fontsize=8)
    figure.suptitle(title, color=INK, fontsize=10)
    return figure


def picture_frames(
    frames: Sequence[Any], returns: Sequence[float], title: str, chosen: Sequence[int]
) -> Iterator[Figure]:
    """A figure for each of the `chosen` steps: the rendered frame, and the return."""
    for step in chosen:
        height, width = frames[step].shape[:2]
        figure = new_figure(4.0, 4.0 * height / width + 0.6)
        axes = figure.add_subplot()
        axes.set_axis_off()
        axes.imshow(frames[step])
        entitle(axes, f"{title}: {_caption(step, returns)}")
        yield figure


def _caption(step: int, returns: Sequence[float]) -> str:
    return f"step {step}, return {returns[step]:.4g}"


def _line(axes: Axes, layout: Layout, states: Sequence[int]) -> None:
    lines, columns = zip(*(layout.cells[state] for state in states), strict=True)
    axes.plot(columns, lines, color=BLUE, linewidth=2, alpha=0.7, zorder=3)
    axes.plot(columns[0], lines[0], "o", color=BLUE, markersize=9, fillstyle="none", zorder=4)
    axes.plot(columns[-1], lines[-1], "o", color=ORANGE, markersize=9, zorder=5)
