"""gettext: `.mo`, the compiled form (GNU gettext manual, section 10.3).

The format is read here and not by polib, which reads `.po`: of a file that is cut short, polib
returns shortened strings without an error.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from latimer.errors import InputError
from latimer.files import reading
from latimer.formats.pair import Origin, Pair
from latimer.formats.po import plural_pairs

_MAGIC = 0x950412DE


def read_mo(path: Path, skipped: Counter[str] | None = None) -> Iterator[Pair]:
    """The translated entries of a UTF-8 `.mo` file, plain or `.gz`.

    Raises InputError for a foreign, truncated or otherwise damaged file.
    """
    with reading(path) as file:
        data = file.read()
    try:
        messages = list(_messages(data))
    except (struct.error, ValueError) as error:
        raise InputError(f"{path}: a damaged or foreign .mo file ({error})") from error
    forms = next((_plural_forms(text) for key, text in messages if not key), "")
    origin = Origin(str(path), 0, str(path))
    for key, text in messages:
        # Context, then EOT, then msgid; NUL between msgid and msgid_plural, and between forms.
        sources = key.rpartition("\x04")[2].split("\0")
        translations = text.split("\0")
        if not sources[0]:
            continue
        if not all(translations):
            if skipped is not None:
                skipped["untranslated"] += 1
        elif len(sources) > 1:
            yield from plural_pairs(sources[0], sources[1], translations, forms, origin)
        else:
            yield Pair(sources[0], translations[0], origin)


def _messages(data: bytes) -> Iterator[tuple[str, str]]:
    order = "<" if struct.unpack_from("<I", data)[0] == _MAGIC else ">"
    magic, revision, count, sources, targets = struct.unpack_from(f"{order}5I", data)
    if magic != _MAGIC:
        raise ValueError("it does not begin with gettext's magic number")
    if revision >> 16 > 1:
        raise ValueError(f"unknown revision {revision >> 16}")
    for row in range(count):
        yield (
            _string(data, *struct.unpack_from(f"{order}2I", data, sources + 8 * row)),
            _string(data, *struct.unpack_from(f"{order}2I", data, targets + 8 * row)),
        )


def _string(data: bytes, length: int, offset: int) -> str:
    if offset + length >= len(data):
        raise ValueError("it ends too early")
    return data[offset : offset + length].decode("utf-8")


def _plural_forms(header: str) -> str:
    fields = (line.partition(":") for line in header.splitlines())
    return next((value for name, _, value in fields if name.lower() == "plural-forms"), "")
