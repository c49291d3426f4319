"""A line chart as SVG: one line a system over a few classes.

It is drawn twice, for wide and for narrow screens, and the style sheet shows the one that fits, so
that its letters are never too small. Each system has a colour and a shape of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from latimer.compare.page.markup import Markup, empty_tag, tag

COLOURS = 8
"""Colours of the style sheet; further systems repeat them with a dashed line."""

_SHAPES = (
    "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z",
    "M-4 -4h8v8h-8z",
    "M0 -5l5 8.5h-10z",
    "M0 -5.5l5.5 5.5l-5.5 5.5l-5.5 -5.5z",
    "M0 5l5 -8.5h-10z",
)
"""Circle, square, triangle, diamond, triangle upside down; of about 8 pixels."""


@dataclass(frozen=True)
class Chart:
    """What is drawn: `values[series][class]`, None where there is none."""

    title: str
    series: tuple[str, ...]
    classes: tuple[str, ...]
    values: tuple[tuple[float | None, ...], ...]
    across: str
    """What the classes are, below the horizontal axis."""
    upwards: str
    """What the values are, above the vertical axis."""


def figure(chart: Chart) -> Markup:
    """The chart for both widths of screen, with its key."""
    key = tag("ul", [_key(name, k) for k, name in enumerate(chart.series)], class_="key")
    drawn = [_svg(chart, 760, 320, "wide"), _svg(chart, 340, 280, "narrow")]
    return tag("figure", [tag("figcaption", chart.title), key, *drawn])


def _key(name: str, number: int) -> Markup:
    shape = tag(
        "svg",
        [
            empty_tag("path", d="M0 7h26", class_="line", stroke_dasharray=_dashes(number)),
            _mark(number, 13, 7),
        ],
        width="26", height="14", viewBox="0 0 26 14", class_=_colour(number), aria_hidden="true",
    )  # fmt: skip
    return tag("li", [shape, tag("span", name)])


def _svg(chart: Chart, width: int, height: int, screen: str) -> Markup:
    left, right, top, bottom = 40, 14, 26, 46
    ticks = nice_ticks([v for values in chart.values for v in values if v is not None])
    low, high = ticks[0], ticks[-1]

    def x(place: int) -> float:
        room = (width - left - right) / len(chart.classes)
        return left + room * (place + 0.5)

    def y(value: float) -> float:
        return top + (height - top - bottom) * (high - value) / (high - low)

    parts = [tag("text", chart.upwards, x="2", y="13", class_="axis")]
    for tick in ticks:
        parts.append(empty_tag("path", d=f"M{left} {y(tick):.1f}H{width - right}", class_="grid"))
        parts.append(
            tag("text", f"{tick:g}", x=str(left - 8), y=f"{y(tick) + 4:.1f}", class_="tick end")
        )
    for place, name in enumerate(chart.classes):
        parts.append(
            tag(
                "text", name, x=f"{x(place):.1f}", y=str(height - bottom + 19), class_="tick middle"
            )
        )
    middle = (left + width - right) / 2
    parts.append(
        tag("text", chart.across, x=f"{middle:.1f}", y=str(height - 6), class_="axis middle")
    )
    for number, values in enumerate(chart.values):
        points = [(x(k), y(value)) for k, value in enumerate(values) if value is not None]
        parts.append(_line(number, points))
    return tag(
        "svg", parts, viewBox=f"0 0 {width} {height}", class_=f"chart {screen}", role="img",
        aria_label=f"{chart.title}. The table below has the figures.",
    )  # fmt: skip


def _line(number: int, points: Sequence[tuple[float, float]]) -> Markup:
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    line = empty_tag("path", d=path, class_="line", stroke_dasharray=_dashes(number))
    marks = [_mark(number, x, y) for x, y in points]
    return tag("g", [line, *marks] if points else "", class_=_colour(number))


def _mark(number: int, x: float, y: float) -> Markup:
    shape = _SHAPES[number % len(_SHAPES)]
    return empty_tag("path", d=shape, class_="mark", transform=f"translate({x:.1f} {y:.1f})")


def _colour(number: int) -> str:
    return f"colour{number % COLOURS}"


def _dashes(number: int) -> str | None:
    return "5 3" if number >= COLOURS else None


def nice_ticks(values: Sequence[float], count: int = 5) -> list[float]:
    """About `count` round numbers whose first and last enclose the values, equally far apart.

    They begin at 0 unless all values lie in the upper half of the axis.
    """
    low, high = min(values, default=0.0), max(values, default=1.0)
    if low < 0.5 * high:
        low = min(0.0, low)
    span = max(high - low, 1e-9, abs(high) * 0.01)
    rough = span / count
    power = 10.0 ** floor(log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    return [round(step * k, 10) for k in range(first, max(last, first + 1) + 1)]
