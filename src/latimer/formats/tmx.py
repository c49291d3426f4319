"""TMX 1.1 to 1.4: translation memories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from latimer.errors import InputError
from latimer.formats.markup import Element, child, flatten, local_name, walk
from latimer.formats.pair import Origin, Pair
from latimer.text.language import best

_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def read_tmx(
    path: Path, source_language: str, target_language: str, skipped: Counter[str] | None = None
) -> Iterator[Pair]:
    """The translation units that have both languages, as a stream; the file may be `.gz`.

    `en` also finds `en-US`, and `en_US` finds `en`. Inline elements: see `markup.flatten`. Units
    that lack one of the languages are counted in `skipped`. Raises InputError when no unit has
    both, naming the languages there are, and for malformed XML.
    """
    skipped = skipped if skipped is not None else Counter()
    seen: set[str] = set()
    found = False
    for event, unit in walk(path, "tmx", {"tu"}):
        if event != "end":
            continue
        variants = _variants(unit)
        seen.update(variants)
        source = best(variants, source_language)
        target = best(variants, target_language)
        if source is None or target is None or source == target:
            skipped["untranslated"] += 1
            continue
        found = True
        origin = Origin(str(path), unit.sourceline or 0, str(path))
        yield Pair(variants[source], variants[target], origin)
    if seen and not found:
        raise InputError(
            f"{path}: no unit has both {source_language} and {target_language}; "
            f"there are: {', '.join(sorted(seen))}; name the source and the target language"
        )


def _variants(unit: Element) -> dict[str, str]:
    """Language code -> text, of the first variant in each language."""
    texts: dict[str, str] = {}
    for variant in unit:
        if local_name(variant) != "tuv":
            continue
        code = variant.get(_XML_LANG) or variant.get("lang") or ""
        segment = child(variant, "seg")
        if segment is not None:
            texts.setdefault(code, flatten(segment))
    return texts
