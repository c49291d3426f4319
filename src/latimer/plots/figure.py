"""What all pictures share: a figure without a window, its look, and fonts for any script."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latimer.errors import LatimerError
from latimer.files import write_atomically

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, FAINT, GRID = "#1f2933", "#7b8794", "#e4e7eb"
BLUE, ORANGE, GREEN = "#1f6feb", "#d9730d", "#1a7f64"

MISSING = "□"
"""Stands for a character that no installed font can draw."""

_FAMILIES = (
    "DejaVu Sans",
    "Noto Sans",
    "Noto Sans CJK JP",
    "Noto Sans JP",
    "Noto Sans CJK SC",
    "Source Han Sans",
    "IPAexGothic",
    "TakaoPGothic",
    "WenQuanYi Zen Hei",
    "Droid Sans Fallback",
    "Hiragino Sans",
    "PingFang SC",
    "Apple SD Gothic Neo",
    "Yu Gothic",
    "Microsoft YaHei",
    "Malgun Gothic",
    "Arial Unicode MS",
)
"""Tried in this order, character by character; matplotlib brings the first one along."""


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of `width` by `height` inches that no window system is needed for.

    Raises LatimerError when matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise LatimerError(
            "pictures need matplotlib; install it with: pip install 'latimer[plots]'"
        ) from error
    figure = Figure(figsize=(width, height), dpi=150, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def style(axes: Axes) -> None:
    """Quiet frame and ticks; the data are the loudest thing in the picture."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    axes.tick_params(which="both", colors=FAINT, labelcolor=INK, labelsize=9)
    axes.xaxis.label.set_color(INK)
    axes.yaxis.label.set_color(INK)


def save_figure(figure: Figure, path: Path) -> None:
    """Write `figure` as PNG, whole or not at all. Raises LatimerError when the disk refuses."""
    write_atomically(path, lambda temporary: figure.savefig(temporary, format="png"))


@lru_cache(maxsize=1)
def _fonts() -> dict[str, frozenset[int]]:
    """Each installed family of `_FAMILIES` with the code points that it can draw."""
    from matplotlib import font_manager, ft2font

    installed = {font.name: font.fname for font in font_manager.fontManager.ttflist}
    return {
        family: frozenset(ft2font.FT2Font(installed[family]).get_charmap())
        for family in _FAMILIES
        if family in installed
    }


def drawable(texts: Sequence[str]) -> tuple[list[str], dict[str, Any]]:
    """`texts` with every undrawable character replaced by `MISSING`, and the font to draw them in.

    The font is a dict of matplotlib text properties; a dollar sign starts no formula in it.
    """
    fonts = _fonts()
    known: frozenset[int] = frozenset().union(*fonts.values())
    shown = ["".join(c if ord(c) in known else MISSING for c in text) for text in texts]
    families = [family for family in fonts if _needed(fonts[family], shown)]
    return shown, {"family": families or ["DejaVu Sans"], "parse_math": False}


def _needed(font: frozenset[int], texts: Iterable[str]) -> bool:
    return any(ord(character) in font for text in texts for character in text)
