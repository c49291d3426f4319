"""XLIFF 1.2 (OASIS 2008) and 2.x (OASIS 2014 and later)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from latimer.errors import InputError
from latimer.formats.markup import Element, child, flatten, local_name, walk
from latimer.formats.pair import Origin, Pair
from latimer.text.language import matches

_UNITS = {"trans-unit", "unit"}


def read_xliff(
    path: Path, source_language: str, target_language: str, skipped: Counter[str] | None = None
) -> Iterator[Pair]:
    """The finished units of an XLIFF file, as a stream; the file may be `.gz`.

    The group of a pair is its `<file>`. Inline elements: see `markup.flatten`. In version 2 each
    segment is a pair. `skipped` counts what is untranslated (no target, or an empty one),
    unfinished (state `new`, `initial` or `needs-…`, or `approved="no"`) and not to be translated
    (`translate="no"`); a state or approval that is not given is taken for finished. Raises
    InputError for a file in other languages, and for malformed XML.
    """
    skipped = skipped if skipped is not None else Counter()
    group = str(path)
    for event, element in walk(path, "xliff", {"xliff", "file", *_UNITS}):
        name = local_name(element)
        if event == "start" and name not in _UNITS:
            _check_languages(path, element, source_language, target_language)
            if name == "file":
                group = f"{path}#{element.get('original') or element.get('id', '')}"
        if event == "end" and name in _UNITS:
            for part in [element] if name == "trans-unit" else _segments(element):
                if reason := _reason_to_skip(element, part):
                    skipped[reason] += 1
                    continue
                origin = Origin(str(path), part.sourceline or 0, group)
                yield Pair(flatten(child(part, "source")), flatten(child(part, "target")), origin)


def _segments(unit: Element) -> list[Element]:
    return [each for each in unit if local_name(each) == "segment"]


def _reason_to_skip(unit: Element, part: Element) -> str:
    if unit.get("translate") == "no":
        return "not to be translated"
    source, target = child(part, "source"), child(part, "target")
    if source is None or target is None or not flatten(target).strip():
        return "untranslated"
    state = target.get("state") or part.get("state") or ""
    if unit.get("approved") == "no" or state in ("new", "initial") or state.startswith("needs-"):
        return "unfinished"
    return ""


def _check_languages(path: Path, element: Element, source: str, target: str) -> None:
    for wanted, keys, side in (
        (source, ("source-language", "srcLang"), "source"),
        (target, ("target-language", "trgLang"), "target"),
    ):
        code = next((element.get(key) for key in keys if element.get(key)), wanted)
        if not matches(code, wanted):
            raise InputError(
                f"{path}, line {element.sourceline}: has {code} where {wanted} is wanted; "
                f"choose {code} as the {side} language"
            )
