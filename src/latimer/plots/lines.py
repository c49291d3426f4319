"""Lines of several networks in one picture: gradients, BLEU by length, learning curves of runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from latimer.errors import LatimerError
from latimer.metrics.lengths import LengthScore
from latimer.plots.curves import Curves, Point
from latimer.plots.figure import BLUE, FAINT, GREEN, GRID, INK, ORANGE, drawable, new_figure, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = (BLUE, ORANGE, GREEN, "#8250df", "#bf3989", "#57606a", "#9a6700", "#0a7ea4")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")


def gradient_lines(means: Mapping[str, Sequence[float]], title: str = "") -> Figure:
    """The gradient by distance from the end of the source, on a logarithmic scale.

    `means[name][d]` is the norm d positions before the end, divided by that at the end.
    """
    figure, axes = _figure(title, 7.0, 4.2)
    for k, (name, values) in enumerate(means.items()):
        _line(axes, k, name, range(len(values)), values)
    axes.set_yscale("log")
    axes.invert_xaxis()  # as the sentence is read: its end is on the right
    axes.set_xlabel("positions before the end of the source")
    axes.set_ylabel("gradient norm, relative to the end")
    return _legend(figure, axes)


def length_lines(scores: Mapping[str, Sequence[LengthScore]], title: str = "") -> Figure:
    """BLEU of each network by words of the source."""
    figure, axes = _figure(title, 7.0, 4.2)
    for k, (name, classes) in enumerate(scores.items()):
        _line(axes, k, name, [one.words for one in classes], [one.bleu for one in classes])
    axes.set_ylim(bottom=0)
    axes.set_xlabel("words of the source")
    axes.set_ylabel("BLEU")
    return _legend(figure, axes)


def run_lines(runs: Mapping[str, Curves], title: str = "") -> Figure:
    """Dev loss and, where there is any, dev BLEU of several runs over updates.

    Raises LatimerError when no run has a validation yet.
    """
    panels = [("dev loss, nats a token", {name: run.dev_loss for name, run in runs.items()})]
    bleu = {name: run.dev_bleu for name, run in runs.items()}
    if not any(panels[0][1].values()):
        raise LatimerError("there is no learning curve yet: the logs have no validations")
    if any(bleu.values()):
        panels.append(("dev BLEU", bleu))
    figure = new_figure(7.0, 3.2 * len(panels))
    drawn = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (label, lines) in zip(drawn, panels, strict=True):
        for k, (name, points) in enumerate(lines.items()):
            _points(axes, k, name, points)
        axes.set_ylabel(label)
        _quiet(axes)
    drawn[-1].set_xlabel("updates")
    _entitle(figure, title)
    return _legend(figure, drawn[0])


def _figure(title: str, width: float, height: float) -> tuple[Figure, Axes]:
    figure = new_figure(width, height)
    _entitle(figure, title)
    axes = figure.add_subplot()
    _quiet(axes)
    return figure, axes


def _entitle(figure: Figure, title: str) -> None:
    if title:
        [shown], font = drawable([title])
        figure.suptitle(shown, fontsize=11, color=INK, **font)


def _quiet(axes: Axes) -> None:
    style(axes)
    axes.grid(axis="y", color=GRID)
    axes.set_axisbelow(True)


def _points(axes: Axes, number: int, name: str, points: Sequence[Point]) -> None:
    _line(axes, number, name, [p.updates for p in points], [p.value for p in points])


def _line(axes: Axes, number: int, name: str, x: Sequence[float], y: Sequence[float]) -> None:
    axes.plot(
        x,
        y,
        label=name.replace("$", r"\$"),
        color=COLOURS[number % len(COLOURS)],
        marker=MARKERS[number % len(MARKERS)],
        markersize=4,
        linewidth=1.6,
        linestyle="-" if number < len(COLOURS) else "--",
    )


def _legend(figure: Figure, axes: Axes) -> Figure:
    legend = axes.legend(frameon=False, fontsize=9, labelcolor=INK)
    legend.get_frame().set_edgecolor(FAINT)
    return figure
