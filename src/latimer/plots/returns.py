"""Learning curves of agents: the return of each episode, averaged over runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from latimer.plots.figure import BLUE, FAINT, GREEN, INK, ORANGE, new_figure, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOURS = (BLUE, ORANGE, GREEN, "#8250df", "#b42318", "#57606a")


def draw_returns(
    returns: Mapping[str, NDArray[np.float64]], title: str, window: int | None = None
) -> Figure:
    """The mean return over runs, with a band of 95 % confidence where there are several.

    returns: [runs, episodes] by name; window: episodes that are averaged, by default a fiftieth.
    The axis leaves out the lowest twentieth of the means, which would flatten all the rest.
    """
    figure = new_figure(7, 4)
    fill_returns(figure.add_subplot(), returns, title, window)
    return figure


def fill_returns(
    axes: Axes,
    returns: Mapping[str, NDArray[np.float64]],
    title: str,
    window: int | None = None,
) -> None:
    """Draw on `axes`; see `draw_returns`."""
    style(axes)
    floors, tops = [], []
    for (name, values), colour in zip(returns.items(), _COLOURS, strict=False):
        width = window or max(1, values.shape[1] // 50)
        smooth = _moving_mean(values, width)
        mean = smooth.mean(axis=0)
        episodes = np.arange(width, values.shape[1] + 1)
        axes.plot(episodes, mean, color=colour, linewidth=1.6, label=name)
        if len(smooth) > 1:
            half = 1.96 * smooth.std(axis=0, ddof=1) / len(smooth) ** 0.5
            axes.fill_between(episodes, mean - half, mean + half, color=colour, alpha=0.2, lw=0)
        floors.append(np.quantile(mean, 0.05))
        tops.append(mean.max())
    margin = 0.05 * (max(tops) - min(floors)) or 1.0
    axes.set_ylim(min(floors) - margin, max(tops) + margin)
    axes.set_xlabel("episode")
    axes.set_ylabel(f"return (mean of {width} episodes)" if width > 1 else "return")
    axes.set_title(title, color=INK, fontsize=11)
    axes.grid(axis="y", color=FAINT, alpha=0.25, linewidth=0.6)
    axes.legend(frameon=False)


def _moving_mean(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    sums = np.cumsum(np.pad(values, ((0, 0), (1, 0))), axis=1)
    return (sums[:, width:] - sums[:, :-width]) / width
