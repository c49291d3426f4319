"""HTML built from strings: every text passes through `html.escape`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple


class Markup(NamedTuple):
    """HTML that is already safe."""

    html: str


Content = str | Markup | Iterable["str | Markup"]
"""Text, HTML, or several of both."""


def inner(content: Content) -> str:
    """The HTML of some content."""
    if isinstance(content, Markup):
        return content.html
    if isinstance(content, str):
        return escape(content)
    return "".join(inner(part) for part in content)


def tag(name: str, content: Content = "", **attributes: str | None) -> Markup:
    """An element. `class_` is the attribute `class`, `aria_label` is `aria-label`."""
    return Markup(f"<{name}{_attributes(attributes)}>{inner(content)}</{name}>")


def empty_tag(name: str, **attributes: str | None) -> Markup:
    """An element without content, as SVG and HTML both read it."""
    return Markup(f"<{name}{_attributes(attributes)}/>")


def _attributes(attributes: dict[str, str | None]) -> str:
    return "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for name, value in attributes.items()
        if value is not None
    )


class Cell(NamedTuple):
    """What stands in a cell of a table, and the class of the cell."""

    content: Content
    class_: str


def section(title: str, *content: Content, lead: str = "") -> Markup:
    """A section of the page with its heading and, below it, what it shows; `anchor` finds it."""
    parts: list[str | Markup] = [tag("h2", title)]
    if lead:
        parts.append(tag("p", lead, class_="lead"))
    parts += [Markup(inner(part)) for part in content]
    return tag("section", parts, id=anchor(title))


def anchor(title: str) -> str:
    """The id of the section with this title."""
    return "-".join(title.lower().split())


def table(
    caption: str,
    header: Sequence[Content],
    rows: Iterable[Sequence[Content | Cell | None]],
    *,
    texts: int = 1,
    classes: Sequence[str] = (),
    style: str | None = None,
) -> Markup:
    """A table with a header row, the first cell of each row a header too.

    The first `texts` columns hold text, all others figures. `classes` are those of the rows,
    `style` is that of the table. None is a cell that does not apply. A wide table scrolls within
    its own frame.
    """
    head = [
        tag("th", title, scope="col", class_=None if place < texts else "figure")
        for place, title in enumerate(header)
    ]
    body = [
        tag(
            "tr",
            [_cell(cell, place, texts) for place, cell in enumerate(row)],
            class_=classes[number] if number < len(classes) and classes[number] else None,
        )
        for number, row in enumerate(rows)
    ]
    parts = tag("caption", caption), tag("thead", tag("tr", head)), tag("tbody", body)
    return tag(
        "div",
        tag("table", parts, class_=style),
        class_="frame",
        role="region",
        aria_label=caption,
        tabindex="0",
    )


def _cell(content: Content | Cell | None, place: int, texts: int) -> Markup:
    if isinstance(content, Cell):
        return tag("td", content.content, class_=f"figure {content.class_}")
    if place == 0:
        return tag("th", content or "", scope="row")
    if content is None:
        return tag("td", "·", class_="figure none")
    return tag("td", content, class_=None if place < texts else "figure")


def details(summary: str, *content: Content, is_open: bool = False) -> Markup:
    """What a reader unfolds."""
    parts = [tag("summary", summary), *(Markup(inner(part)) for part in content)]
    return tag("details", parts, open="" if is_open else None)
