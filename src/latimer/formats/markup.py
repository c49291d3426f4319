"""XML of unknown origin, read as a stream and with suspicion."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from latimer.errors import InputError
from latimer.extras import require
from latimer.files import reading

Element = Any
"""An lxml element; lxml is imported when it is needed."""

_TAGGED = {"g", "pc"}
"""Elements around translatable text that stay as tags."""

_BARE = {"hi", "mrk", "sub", "sm", "em"}
"""Elements that only annotate the text; their tags go, their content stays."""


def local_name(element: Element) -> str:
    """The name of an element without its namespace; empty for a comment or the like."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def walk(path: Path, root: str, names: Collection[str]) -> Iterator[tuple[str, Element]]:
    """("start" or "end", element) for the elements of these local names, in document order.

    An element is emptied once the caller has seen its end, so memory stays small. Raises
    InputError, with file and line, for XML that is truncated or malformed, that declares
    entities, or whose root is another.
    """
    etree = require("lxml.etree", "formats", path)
    try:
        with reading(path) as file:
            events = etree.iterparse(
                file, events=("start", "end"), resolve_entities=False, load_dtd=False
            )
            for event, element in events:
                if event == "start" and element.getparent() is None:
                    _check_root(path, element, root)
                if local_name(element) in names:
                    yield event, element
                    if event == "end":
                        _forget(element)
    except etree.XMLSyntaxError as error:
        # The exception may speak of a consequence; the first entry of the log is the cause.
        first = next(iter(events.error_log), None)
        place = f", line {first.line}, column {first.column}" if first else ""
        raise InputError(
            f"{path}{place}: truncated or malformed XML ({first.message if first else error.msg})"
        ) from error


def _check_root(path: Path, element: Element, root: str) -> None:
    dtd = element.getroottree().docinfo.internalDTD
    if dtd is not None and any(True for _ in dtd.iterentities()):
        raise InputError(f"{path}: declares XML entities, which are refused; write them out")
    if local_name(element) != root:
        raise InputError(
            f"{path}, line {element.sourceline}: the root is <{local_name(element)}>, not <{root}>"
        )


def _forget(element: Element) -> None:
    element.clear(keep_tail=False)
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def child(element: Element, name: str) -> Element | None:
    """The first child of this local name."""
    return next((each for each in element if local_name(each) == name), None)


def flatten(element: Element) -> str:
    """The text inside an element of TMX or XLIFF, inline elements included.

    Inline elements that hold native code (`<bpt>&lt;b&gt;</bpt>`) give that code, `<b>`; those
    without content (`<x id="1"/>`) and those around text that is translated (`<g id="1">…</g>`,
    `<pc>`) stay as tags with their identifier; both are placeholders to a model. Annotations
    (`<hi>`, `<mrk>`, `<sub>`) lose their tags.
    """
    return (element.text or "") + "".join(_inline(each) + (each.tail or "") for each in element)


def _inline(element: Element) -> str:
    name = local_name(element)
    if not name:
        # A comment or processing instruction says nothing; an undeclared entity stays as written.
        return (element.text or "") if (element.text or "").startswith("&") else ""
    content = flatten(element)
    if name == "cp":
        return _code_point(element.get("hex", ""))
    if name in _BARE:
        return content
    identifier = "".join(
        f' {key}="{element.get(key)}"' for key in ("id", "i", "x") if element.get(key) is not None
    )
    if name in _TAGGED:
        return f"<{name}{identifier}>{content}</{name}>"
    return content or f"<{name}{identifier}/>"


def _code_point(digits: str) -> str:
    """The control character that XLIFF 2 writes as `<cp hex="001A"/>`; white space to a reader."""
    try:
        return chr(int(digits, 16)).encode("utf-8").decode("utf-8")
    except (ValueError, OverflowError):
        return " "
