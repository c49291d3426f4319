"""A sentence, its translation, and where they come from."""

from __future__ import annotations

from typing import NamedTuple


class Origin(NamedTuple):
    """Where a pair comes from, so that every complaint can name it."""

    file: str
    line: int = 0
    """Counted from 1; 0 where the format has no lines (`.mo`, JSON)."""
    group: str = ""
    """What must stay on one side of a split (file, component); empty where there is none."""

    def __str__(self) -> str:
        """`file:line`, as compilers and editors write it."""
        return f"{self.file}:{self.line}" if self.line else self.file


class Pair(NamedTuple):
    """A source sentence and its translation."""

    source: str
    target: str
    origin: Origin = Origin("")
