"""Plain text: two files, line by line each other's translation."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from latimer.errors import InputError
from latimer.files import read_lines
from latimer.formats.pair import Origin, Pair


def read_plain(source: Path, target: Path) -> Iterator[Pair]:
    """Pair the lines of two UTF-8 files, plain or `.gz`; lines empty on both sides are no pair.

    Raises InputError when one file has more lines, after the last pair; see also `read_lines`.
    """
    lengths = [0, 0]
    for line in zip_longest(read_lines(source), read_lines(target)):
        lengths = [length + (text is not None) for length, text in zip(lengths, line, strict=True)]
        if lengths[0] == lengths[1] and any(line):
            yield Pair(*line, Origin(str(source), lengths[0], str(source)))
    if lengths[0] != lengths[1]:
        raise InputError(
            f"{source} has {lengths[0]:,} lines, but {target} has {lengths[1]:,}; "
            "line n of one must be the translation of line n of the other"
        )
