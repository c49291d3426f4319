"""One attention map: how much of each source piece every target piece was read from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from latimer.errors import LatimerError
from latimer.plots.figure import FAINT, INK, MISSING, drawable, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_CELL = 0.34  # inches; a label of nine points fits a row of this height


def attention_map(
    weights: NDArray[np.floating], source: Sequence[str], target: Sequence[str], title: str = ""
) -> Figure:
    """A picture of `weights` `[target, source]`, in each row shares of the source pieces.

    Source pieces stand above the columns and target pieces beside the rows, as in Bahdanau, Cho
    and Bengio (2015), figure 3; the darker a cell, the more the decoder attended to it.
    Raises LatimerError when the labels do not fit the weights or matplotlib is missing.
    """
    if weights.shape != (len(target), len(source)):
        raise LatimerError(
            f"an attention map of shape {weights.shape} cannot be labelled with "
            f"{len(target)} target and {len(source)} source pieces"
        )
    longest = max(map(len, [*source, *target]), default=1)
    margin = 0.3 + 0.085 * longest
    width = max(4.2, _CELL * len(source) + margin + 1.1)
    height = max(2.6, _CELL * len(target) + margin + 0.6)
    figure = new_figure(width, height)
    axes = figure.add_subplot()
    image = axes.imshow(weights, cmap="Blues", vmin=0.0, vmax=1.0, aspect="auto")
    if _label(axes, source, target):
        note = f"{MISSING}  no installed font has this character (Noto Sans CJK has most)"
        figure.supxlabel(note, fontsize=8, color=FAINT)
    bar = figure.colorbar(image, ax=axes, shrink=min(1.0, 2.2 / height), aspect=14, pad=0.02)
    bar.set_label("attention weight", color=INK, fontsize=8)
    bar.ax.tick_params(labelsize=8, colors=FAINT, labelcolor=INK)
    bar.outline.set_visible(False)
    if title:
        [shown], font = drawable([title])
        figure.suptitle(shown, fontsize=10, color=INK, **font)
    return figure


def _label(axes: Axes, source: Sequence[str], target: Sequence[str]) -> bool:
    """Name rows and columns; True when a character had to be replaced by `MISSING`."""
    pieces, font = drawable([*source, *target])
    axes.set_xticks(range(len(source)), pieces[: len(source)], rotation=90, fontsize=9, **font)
    axes.set_yticks(range(len(target)), pieces[len(source) :], fontsize=9, **font)
    axes.xaxis.tick_top()
    axes.tick_params(length=0, labelcolor=INK)
    axes.spines[:].set_visible(False)
    axes.set_xticks(np.arange(len(source) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(target) + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=1.2)
    axes.tick_params(which="minor", length=0)
    axes.xaxis.set_label_position("top")
    axes.set_xlabel("source", color=FAINT, fontsize=9)
    axes.set_ylabel("target", color=FAINT, fontsize=9)
    return "".join(pieces).count(MISSING) > "".join([*source, *target]).count(MISSING)
