"""gettext: `.po` as translators edit it.

A plural entry gives two pairs, `msgid` with the form for one and `msgid_plural` with the form for a
hundred, as the file's `Plural-Forms` tells them; other forms have no counterpart in the source.
"""

from __future__ import annotations

import gettext
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from latimer.errors import InputError
from latimer.extras import require
from latimer.files import read_lines
from latimer.formats.pair import Origin, Pair

_SEPARATORS = dict.fromkeys(map(ord, "\v\f\x1c\x1d\x1e\x85\u2028\u2029"), " ")
_WHOLE = re.compile(r"""[^"]*"(?:[^"\\]|\\.)*"\s*""")


def read_po(path: Path, skipped: Counter[str] | None = None) -> Iterator[Pair]:
    """The finished entries of a UTF-8 `.po` file, plain or `.gz`.

    Fuzzy, obsolete and untranslated entries are counted in `skipped`. Raises InputError for a
    file that is not UTF-8 or not gettext.
    """
    polib = require("polib", "formats", path)
    skipped = skipped if skipped is not None else Counter()
    try:
        # The parser takes text without a newline for the name of a file.
        catalogue = polib.pofile("".join(line + "\n" for line in _checked_lines(path)))
    except (OSError, ValueError, LookupError, AttributeError) as error:
        raise InputError(f"{path}: not a proper PO file ({error})") from error
    forms = catalogue.metadata.get("Plural-Forms", "")
    for entry in catalogue:
        if reason := _reason_to_skip(entry):
            skipped[reason] += 1
            continue
        origin = Origin(str(path), entry.linenum, str(path))
        if entry.msgid_plural:
            translations = [entry.msgstr_plural[key] for key in sorted(entry.msgstr_plural)]
            yield from plural_pairs(entry.msgid, entry.msgid_plural, translations, forms, origin)
        else:
            yield Pair(entry.msgid, entry.msgstr, origin)


def _checked_lines(path: Path) -> Iterator[str]:
    """The lines as the parser needs them.

    It would cut off a letter where a string is not closed, and it takes any Unicode line separator
    for the end of a line.
    """
    for number, line in enumerate(read_lines(path), start=1):
        if line.startswith(("msg", '"')) and not _WHOLE.fullmatch(line):
            raise InputError(f"{path}, line {number}: not a proper PO line: no string in quotes")
        yield line.translate(_SEPARATORS)


def _reason_to_skip(entry: Any) -> str:
    if entry.obsolete:
        return "obsolete"
    if "fuzzy" in entry.flags:
        return "fuzzy"
    translations = entry.msgstr_plural.values() if entry.msgid_plural else [entry.msgstr]
    return "" if translations and all(translations) else "untranslated"


def plural_pairs(
    singular: str, plural: str, translations: list[str], plural_forms: str, origin: Origin
) -> Iterator[Pair]:
    """The pairs of a plural entry; `plural_forms` is the header field of that name."""
    one, many = 0, len(translations) - 1
    try:
        rule = gettext.c2py(plural_forms.partition("plural=")[2].rstrip("; "))
        one, many = (min(rule(number), many) for number in (1, 100))
    except (ValueError, ZeroDivisionError, RecursionError):
        pass  # No rule, or none that makes sense: the first and the last form.
    yield Pair(singular, translations[one], origin)
    yield Pair(plural, translations[many], origin)
