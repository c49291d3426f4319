"""BLEU, length and search errors against the width of the beam."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from latimer.plots.figure import BLUE, FAINT, INK, ORANGE, new_figure, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from latimer.analysis.search_errors import Found


def draw_search(found: Sequence[Found], title: str) -> Figure:
    """Two panels over the same widths: BLEU and length ratio; search errors and empty translations.

    Exact search, the last of `found`, is a dashed line.
    """
    from matplotlib.ticker import PercentFormatter

    figure = new_figure(8, 3.4)
    left, right = figure.subplots(1, 2)
    *beams, exact = found
    widths = [entry.beam or 1 for entry in beams]
    for axes, (first, second), (name, other) in (
        (left, ("bleu", "length_ratio"), ("BLEU", "length ratio")),
        (right, ("errors", "empty"), ("search errors", "empty translations")),
    ):
        style(axes)
        axes.set_xscale("log")
        axes.set_xlabel("width of the beam")
        axes.set_xticks(widths, [str(width) for width in widths])
        axes.minorticks_off()
        axes.set_ylabel(name, color=BLUE)
        axes.plot(widths, [getattr(b, first) for b in beams], color=BLUE, marker="o")
        twin = axes.twinx()
        style(twin)
        twin.spines["right"].set_visible(True)
        twin.spines["right"].set_color(FAINT)
        twin.set_ylabel(other, color=ORANGE)
        twin.plot(widths, [getattr(b, second) for b in beams], color=ORANGE, marker="s")
        for panel, what, colour in ((axes, first, BLUE), (twin, second, ORANGE)):
            if getattr(exact, what) is not None:
                panel.axhline(getattr(exact, what), color=colour, linestyle="--", linewidth=0.9)
            if axes is right:
                panel.yaxis.set_major_formatter(PercentFormatter(1.0))
    figure.suptitle(f"{title} (dashed: exact search)", color=INK, fontsize=11)
    return figure
