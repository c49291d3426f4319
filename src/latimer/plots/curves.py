"""The learning curve of a run: loss and dev BLEU over minutes and updates."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from latimer.errors import LatimerError
from latimer.files import read_lines
from latimer.plots.figure import BLUE, FAINT, GREEN, GRID, INK, ORANGE, new_figure, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Point:
    """One report of a run: what was measured after so many minutes of training and updates."""

    minutes: float
    updates: int
    value: float


NO_FIGURES = {"kind", "update", "epoch", "seconds", "message", "best_bleu"} | {"loss", "bleu"}
"""What stands in a line of the log for a validation and is not one of `Curves.dev`."""


@dataclass(frozen=True)
class Curves:
    """What a run has reported, in the order of its updates. Losses are nats a target token."""

    train_loss: list[Point] = field(default_factory=list)
    dev_loss: list[Point] = field(default_factory=list)
    dev_bleu: list[Point] = field(default_factory=list)
    borders: list[tuple[float, str]] = field(default_factory=list)
    """The minutes after which another way to learn began, and its name."""
    dev: dict[str, list[Point]] = field(default_factory=dict)
    """Further figures of validations, by name."""

    def points(self) -> list[Point]:
        """All points together, by update."""
        return sorted(
            [*self.train_loss, *self.dev_loss, *self.dev_bleu], key=lambda point: point.updates
        )


def read_log(log: Path) -> Curves:
    """The curves in the `log.jsonl` of a run; lines that are not reports are passed over.

    The training loss is the likelihood's own where the log has it, as on dev: without smoothing.
    Raises InputError when the file cannot be read.
    """
    curves, phase = Curves(), None
    for line in read_lines(log):
        try:
            facts = json.loads(line)
        except ValueError:
            continue  # the last line of a run that was killed while writing it
        if not isinstance(facts, dict):
            continue
        if phase is not None and facts.get("phase", phase) != phase:
            curves.borders.append((facts["seconds"] / 60, facts["phase"]))
        phase = facts.get("phase", phase)
        if "reward" in facts and "nll" not in facts:
            continue  # its loss is not one of likelihood
        training = "nll" if "nll" in facts else "loss"
        for kind, name, points in (
            ("update", training, curves.train_loss),
            ("validation", "loss", curves.dev_loss),
            ("validation", "bleu", curves.dev_bleu),
        ):
            if facts.get("kind") == kind and facts.get(name) is not None:
                points.append(Point(facts["seconds"] / 60, facts["update"], facts[name]))
        if facts.get("kind") == "validation":
            for name in set(facts) - NO_FIGURES:
                if facts[name] is not None:
                    point = Point(facts["seconds"] / 60, facts["update"], facts[name])
                    curves.dev.setdefault(name, []).append(point)
    return curves


def followed_by(first: Curves, then: Curves, name: str) -> Curves:
    """The curves of a run and, as `name`, of one that went on from its best model."""
    points = first.points()
    minutes = max((point.minutes for point in points), default=0.0)
    updates = max((point.updates for point in points), default=0)

    def later(points: list[Point]) -> list[Point]:
        return [Point(minutes + p.minutes, updates + p.updates, p.value) for p in points]

    return Curves(
        first.train_loss + later(then.train_loss),
        first.dev_loss + later(then.dev_loss),
        first.dev_bleu + later(then.dev_bleu),
        [*first.borders, (minutes, name), *((minutes + at, what) for at, what in then.borders)],
    )


def learning_curve(curves: Curves, title: str = "") -> Figure:
    """Two panels over the same time: the losses, and dev BLEU with its best value marked.

    The lower edge counts minutes of training and the upper edge updates.
    Raises LatimerError when there is nothing to draw or matplotlib is missing.
    """
    if not curves.points():
        raise LatimerError("there is no learning curve yet: the log has no reports")
    figure = new_figure(7.5, 6.0)
    losses, scores = figure.subplots(2, 1, sharex=True)
    _draw(losses, curves.train_loss, BLUE, "training", dots=False)
    _draw(losses, curves.dev_loss, ORANGE, "dev", dots=True)
    losses.set_ylabel("loss, nats a token")
    if curves.train_loss or curves.dev_loss:
        losses.legend(frameon=False, fontsize=9, labelcolor=INK)
    _draw(scores, curves.dev_bleu, GREEN, "dev BLEU", dots=True)
    _mark_best(scores, curves.dev_bleu)
    scores.set_ylabel("dev BLEU")
    best = max((point.value for point in curves.dev_bleu), default=0.0)
    scores.set_ylim(0, 1.15 * max(best, 1.0))
    scores.set_xlabel("minutes of training")
    scores.set_xlim(0, max(point.minutes for point in curves.points()) or 1)
    _count_updates(losses, curves.points())
    for axes in (losses, scores):
        style(axes)
        axes.grid(axis="y", color=GRID)
        axes.set_axisbelow(True)
    for minutes, name in curves.borders:
        for axes in (losses, scores):
            axes.axvline(minutes, color=FAINT, linewidth=1, linestyle=":")
        scores.annotate(
            name, (minutes, 0), xytext=(4, 4), textcoords="offset points", color=FAINT, fontsize=9,
            rotation=90,
        )  # fmt: skip
    if title:
        figure.suptitle(title, fontsize=12, color=INK, parse_math=False)
    return figure


def _draw(axes: Axes, points: Sequence[Point], colour: str, label: str, dots: bool) -> None:
    if points:
        axes.plot(
            [point.minutes for point in points],
            [point.value for point in points],
            color=colour,
            label=label,
            linewidth=1.8,
            marker="o" if dots or len(points) == 1 else None,
            markersize=4,
            clip_on=False,
            zorder=3,
        )


def _mark_best(axes: Axes, points: Sequence[Point]) -> None:
    if not points:
        return
    best = max(points, key=lambda point: point.value)
    left = best.minutes < 0.15 * max(point.minutes for point in points)
    # Above the best point there is no curve to run into.
    axes.annotate(
        f"best {best.value:.1f}",
        (best.minutes, best.value),
        xytext=(0, 7),
        textcoords="offset points",
        ha="left" if left else "right",
        color=GREEN,
        fontsize=10,
        fontweight="bold",
    )


def _count_updates(axes: Axes, points: Sequence[Point]) -> None:
    """An upper edge in updates; between two reports they are taken to pass evenly."""
    # matplotlib probes a function scale outside the data, so the ends go on in straight lines.
    minutes = np.array([0.0, *(point.minutes for point in points)])
    updates = np.array([0.0, *(point.updates for point in points)])
    keep = np.concatenate([[True], (np.diff(minutes) > 0) & (np.diff(updates) > 0)])
    minutes, updates = minutes[keep], updates[keep]
    if len(minutes) < 2:
        return
    edge = axes.secondary_xaxis("top", functions=(_line(minutes, updates), _line(updates, minutes)))
    edge.set_xlabel("updates", color=INK)
    edge.tick_params(colors=FAINT, labelcolor=INK, labelsize=9)
    edge.spines["top"].set_color(FAINT)


def _line(
    x: NDArray[np.floating], y: NDArray[np.floating]
) -> Callable[[ArrayLike], NDArray[np.floating]]:
    """The piecewise straight line through `(x, y)`, both increasing, going on at both ends."""

    def value(at: ArrayLike) -> NDArray[np.floating]:
        at = np.asarray(at, dtype=np.float64)
        slope = (y[-1] - y[0]) / (x[-1] - x[0])
        below = y[0] + slope * np.minimum(at - x[0], 0.0)
        beyond = slope * np.maximum(at - x[-1], 0.0)
        return np.interp(at, x, y) - y[0] + below + beyond

    return value
