"""Plain text, a sentence a line: one file, or two of which each translates the other line by line.

Every part of Latimer that reads such text reads it here, so that the checks and the messages are
the same everywhere. Files are UTF-8, plain or `.gz`; see `latimer.files.read_lines` for what is
refused in a line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from latimer.errors import InputError
from latimer.files import read_lines
from latimer.formats.pair import Origin, Pair


def parallel_lines(source: Path, target: Path) -> Iterator[tuple[int, str, str]]:
    """Line number, counted from 1, source and target of every line, blank ones included.

    Raises InputError, when the end of a file is reached, for files of unequal length and for files
    in which no line has text on both sides; and as `read_lines` does.
    """
    has_text = False
    lines = zip_longest(read_lines(source), read_lines(target))
    for number, (left, right) in enumerate(lines, start=1):
        if left is None or right is None:
            longer = source if right is None else target
            counts = [number - 1, number - 1]
            counts[longer is target] = number + sum(1 for _ in lines)
            raise InputError(
                f"{longer}, line {number:,}: has no counterpart: {source} has {counts[0]:,} lines "
                f"but {target} has {counts[1]:,}; "
                "line n of one must be the translation of line n of the other"
            )
        has_text = has_text or bool(left.strip() and right.strip())
        yield number, left, right
    if not has_text:
        raise InputError(f"{source}, {target}: empty: no line has text in both files")


def read_parallel(source: Path, target: Path) -> tuple[list[str], list[str]]:
    """All lines of both files, blank ones included; raises InputError as `parallel_lines` does."""
    lines = list(parallel_lines(source, target))
    return [source for _, source, _ in lines], [target for _, _, target in lines]


def read_plain(source: Path, target: Path) -> Iterator[Pair]:
    """The pairs of two files with their origin; lines that are empty in both are left out.

    Raises InputError as `parallel_lines` does.
    """
    for number, left, right in parallel_lines(source, target):
        if left or right:
            yield Pair(left, right, Origin(str(source), number, str(source)))


@dataclass(frozen=True)
class ParallelText:
    """Two files as sentence pairs; can be iterated again and again, and is never in memory."""

    source: Path
    target: Path

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Pairs (source, target) of which neither side is blank; raises as `parallel_lines`."""
        for _, source, target in parallel_lines(self.source, self.target):
            if source.strip() and target.strip():
                yield source, target


@dataclass(frozen=True)
class MonolingualText:
    """One file, for a language model; its sentences are targets whose source is empty."""

    target: Path

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Pairs ("", line) of all lines that are not blank.

        Raises InputError when every line is blank, and as `read_lines` does.
        """
        has_text = False
        for line in read_lines(self.target):
            if line.strip():
                has_text = True
                yield "", line
        if not has_text:
            raise InputError(f"{self.target}: empty: no line has text")
