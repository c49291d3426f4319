"""Returns against steps of training, for agents with networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from latimer.plots.figure import BLUE, FAINT, GREEN, INK, ORANGE, new_figure, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Run = tuple[NDArray[np.int64], NDArray[np.float64]]
"""Steps taken when each episode ended, and its return, both `[episodes]`."""

_COLOURS = (BLUE, ORANGE, GREEN, "#8250df", "#b42318", "#57606a")
POINTS, WINDOW = 100, 20


def draw_training(runs: Mapping[str, Sequence[Run]], title: str, steps: int) -> Figure:
    """The mean return of the last episodes over the runs of each name; see `fill_training`."""
    figure = new_figure(7, 4)
    fill_training(figure.add_subplot(), runs, title, steps)
    return figure


def fill_training(axes: Axes, runs: Mapping[str, Sequence[Run]], title: str, steps: int) -> None:
    """Draw on `axes`: at 100 points from 0 to `steps` the mean of the last 20 episodes.

    With several runs the line is their mean and the band its 95 % confidence interval, from
    Student's t, cut at the lowest and the highest return of any episode.
    """
    style(axes)
    at = np.linspace(0, steps, POINTS + 1)[1:]
    for (name, several), colour in zip(runs.items(), _COLOURS, strict=False):
        curves = np.array([_recent(run, at) for run in several])
        count = np.isfinite(curves).sum(axis=0)
        shown = count == len(curves)
        if not shown.any():
            continue
        mean = curves[:, shown].mean(axis=0)
        axes.plot(at[shown], mean, color=colour, linewidth=1.6, label=name)
        if len(curves) > 1:
            half = (
                _quantile(len(curves)) * curves[:, shown].std(axis=0, ddof=1) / len(curves) ** 0.5
            )
            band = [np.clip(mean + side * half, *_extremes(several)) for side in (-1, 1)]
            axes.fill_between(at[shown], *band, color=colour, alpha=0.2, lw=0)
    axes.set_xlim(0, steps)
    if runs and axes.lines:
        _limit(axes, *_extremes([run for several in runs.values() for run in several]))
    axes.set_xlabel("steps")
    axes.set_ylabel(f"return (mean of {WINDOW} episodes)")
    axes.set_title(title, color=INK, fontsize=11)
    axes.grid(axis="y", color=FAINT, alpha=0.25, linewidth=0.6)
    if axes.lines:
        axes.legend(frameon=False)


def _recent(run: Run, at: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of the last episodes that had ended at each point; NaN before the first."""
    ends, returns = run
    sums = np.concatenate([[0.0], np.cumsum(returns)])
    until = np.searchsorted(ends, at, side="right")
    begin = np.maximum(until - WINDOW, 0)
    with np.errstate(invalid="ignore"):
        return (sums[until] - sums[begin]) / (until - begin)


def _limit(axes: Axes, lowest: float, highest: float) -> None:
    """Show nothing far beyond the lowest and the highest return of any episode."""
    margin = 0.02 * (highest - lowest) or 1.0
    low, high = axes.get_ylim()
    axes.set_ylim(max(low, lowest - margin), min(high, highest + margin))


def _extremes(runs: Sequence[Run]) -> tuple[float, float]:
    """The lowest and the highest return of any episode."""
    returns = np.concatenate([run[1] for run in runs])
    return float(returns.min()), float(returns.max())


def _quantile(runs: int) -> float:
    """Student's t at 97.5 % for the mean of so many runs."""
    from scipy.stats import t

    return float(t.ppf(0.975, runs - 1))
