"""BLEU, length and search errors against the width of the beam."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from latimer.plots.figure import BLUE, GRID, INK, ORANGE, new_figure, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from latimer.analysis.search_errors import Found

PANELS = (
    ("bleu", "BLEU"),
    ("errors", "search errors"),
    ("length_ratio", "length ratio"),
    ("empty", "empty translations"),
)


def draw_search(found: Sequence[Found], title: str) -> Figure:
    """Four panels over the same widths: BLEU, search errors, length ratio, empty translations.

    Exact search, the last of `found`, is a dashed line.
    """
    from matplotlib.ticker import PercentFormatter

    figure = new_figure(8, 5)
    *beams, exact = found
    widths = [entry.beam or 1 for entry in beams]
    for axes, (field, name) in zip(figure.subplots(2, 2).flat, PANELS, strict=True):
        style(axes)
        axes.set_xscale("log")
        axes.set_xlabel("width of the beam")
        axes.set_xticks(widths, [str(width) for width in widths])
        axes.minorticks_off()
        axes.set_title(name, color=INK, fontsize=10)
        axes.grid(axis="y", color=GRID)
        axes.plot(widths, [getattr(beam, field) for beam in beams], color=BLUE, marker="o")
        if (best := getattr(exact, field)) is not None:
            axes.axhline(best, color=ORANGE, linestyle="--", linewidth=1.2)
        if field in ("errors", "empty"):
            axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    figure.suptitle(f"{title} (dashed: exact search)", color=INK, fontsize=11)
    return figure
