"""Lines of several networks in one picture: gradients, BLEU by length, learning curves of runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from latimer.errors import LatimerError
from latimer.metrics.lengths import LengthScore
from latimer.plots.curves import Curves, Point
from latimer.plots.figure import BLUE, FAINT, GREEN, GRID, INK, ORANGE, drawable, new_figure, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = (
    BLUE, ORANGE, GREEN, "#8250df", "#bf3989",
    "#57606a", "#9a6700", "#0a7ea4", "#cf222e", "#7fb800",
)  # fmt: skip
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", "h")

LEGEND_INSIDE = 5
"""With more names than these the legend stands beside the picture."""

LABELS = {
    "loss": "dev loss, nats a token",
    "bleu": "dev BLEU",
    "kl": "KL from the start, nats an action",
    "entropy": "entropy, nats an action",
}
"""What stands at the axis of a figure."""


def gradient_lines(means: Mapping[str, Sequence[float]], title: str = "") -> Figure:
    """The gradient by distance from the end of the source, on a logarithmic scale.

    `means[name][d]` is the norm d positions before the end, divided by that at the end.
    """
    figure, axes = _figure(title, 7.0, 4.2)
    for k, (name, values) in enumerate(means.items()):
        _line(axes, k, name, range(len(values)), values)
    axes.set_yscale("log")
    _plain_numbers(axes)
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


def run_lines(
    runs: Mapping[str, Curves | Sequence[Curves]],
    title: str = "",
    *,
    figures: Sequence[str] = (),
    over: str = "updates",
) -> Figure:
    """Figures of validations, a panel each, of several runs over `updates` or `minutes`.

    A name with several runs has a thin line for each and a thick one for their mean. `figures` are
    `bleu`, `loss` or names of `Curves.dev`; by default loss and, where there is any, BLEU.
    Raises LatimerError when no run has a validation yet, or none has such a figure.
    """
    groups = {name: [run] if isinstance(run, Curves) else list(run) for name, run in runs.items()}
    if not any(run.dev_loss or run.dev for group in groups.values() for run in group):
        raise LatimerError("there is no learning curve yet: the logs have no validations")
    panels = {name: _all_of(groups, name) for name in figures or ("loss", "bleu")}
    panels = {name: lines for name, lines in panels.items() if figures or _any(lines)}
    for name, lines in panels.items():
        if not _any(lines):
            known = sorted(
                {"loss", "bleu"} | {n for g in groups.values() for r in g for n in r.dev}
            )
            raise LatimerError(f"no run has validations with {name}; there are {', '.join(known)}")
    beside = len(groups) > LEGEND_INSIDE
    figure = new_figure(9.0 if beside else 7.0, (4.4 if len(panels) == 1 else 3.2) * len(panels))
    drawn = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (name, lines) in zip(drawn, panels.items(), strict=True):
        for k, (label, several) in enumerate(lines.items()):
            _seeds(axes, k, label, several, over)
        axes.set_ylabel(LABELS.get(name, f"dev {name}"))
        _quiet(axes)
    drawn[-1].set_xlabel("minutes of training" if over == "minutes" else "updates")
    _entitle(figure, title)
    return _legend(figure, drawn[0], beside=beside)


def mean_curve(several: Sequence[Sequence[tuple[float, float]]]) -> list[tuple[float, float]]:
    """The mean of curves `(x, y)`, straight between their points, where all of them are known."""
    curves = [np.array(curve, dtype=float).T for curve in several]
    begin, end = max(x[0] for x, _ in curves), min(x[-1] for x, _ in curves)
    at = np.unique(np.concatenate([x for x, _ in curves]))
    at = at[(at >= begin) & (at <= end)]
    mean = np.mean([np.interp(at, x, y) for x, y in curves], axis=0)
    return list(zip(at.tolist(), mean.tolist(), strict=True))


_Lines = Mapping[str, Sequence[Sequence[Point]]]


def _all_of(groups: Mapping[str, Sequence[Curves]], figure: str) -> _Lines:
    """The points of `figure` of every run, by name."""

    def of(run: Curves) -> Sequence[Point]:
        known = {"loss": run.dev_loss, "bleu": run.dev_bleu}
        return known[figure] if figure in known else run.dev.get(figure, [])

    return {name: [of(run) for run in group] for name, group in groups.items()}


def _any(lines: _Lines) -> bool:
    return any(any(group) for group in lines.values())


def _figure(title: str, width: float, height: float) -> tuple[Figure, Axes]:
    figure = new_figure(width, height)
    _entitle(figure, title)
    axes = figure.add_subplot()
    _quiet(axes)
    return figure, axes


def _plain_numbers(axes: Axes) -> None:
    """Numbers as they are along a logarithmic axis of less than a decade, which has few powers."""
    from matplotlib.ticker import ScalarFormatter

    low, high = axes.get_ylim()
    if high < 10 * low:
        axes.yaxis.set_major_formatter(ScalarFormatter())
        axes.yaxis.set_minor_formatter(ScalarFormatter())


def _entitle(figure: Figure, title: str) -> None:
    if title:
        [shown], font = drawable([title])
        figure.suptitle(shown, fontsize=11, color=INK, **font)


def _quiet(axes: Axes) -> None:
    style(axes)
    axes.grid(axis="y", color=GRID)
    axes.set_axisbelow(True)


def _seeds(
    axes: Axes, number: int, name: str, several: Sequence[Sequence[Point]], over: str
) -> None:
    """One run as a line with markers; several as thin lines and their mean."""
    curves = [
        [(p.minutes if over == "minutes" else float(p.updates), p.value) for p in points]
        for points in several
    ]
    known = [curve for curve in curves if curve]
    mean = mean_curve(known) if len(known) > 1 else (known or [[]])[0]
    if len(known) > 1:
        for x, y in (zip(*curve, strict=True) for curve in known):
            axes.plot(x, y, color=COLOURS[number % len(COLOURS)], linewidth=0.7, alpha=0.4)
    label = f"{name} ({len(known)} runs)" if len(known) > 1 else name
    _line(axes, number, label, [x for x, _ in mean], [y for _, y in mean])


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


def _legend(figure: Figure, axes: Axes, *, beside: bool = False) -> Figure:
    place: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.01, 1.0)} if beside else {}
    legend = axes.legend(frameon=False, fontsize=9, labelcolor=INK, **place)
    legend.get_frame().set_edgecolor(FAINT)
    return figure
