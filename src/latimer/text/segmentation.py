"""Texts cut into segments that an engine takes, and put together again."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from latimer.text.corpus.clean import normalise

# Where to cut an over-long line, best first: after a sentence, after a clause, at a space.
_PLACES = (
    re.compile(r"(?<=[.!?…])[\"'”’»)\]]* +|(?<=[。！？])"),
    re.compile(r"(?<=[,;:]) +|(?<=[、，；：])"),
    re.compile(r" +"),
)


@dataclass(frozen=True)
class SegmentedText:
    """A text as segments: `lines[i]` holds those of its line i, none if that is blank."""

    text: str
    lines: list[list[str]]

    @property
    def segments(self) -> list[str]:
        """All segments, in order."""
        return [segment for line in self.lines for segment in line]

    def join(self, segments: Sequence[str], glue: str) -> str:
        """The text of as many other segments; `glue` stands between those of a line."""
        left = iter(segments)
        return "\n".join(glue.join(next(left) for _ in line) for line in self.lines)


def split_text(text: str, size: Callable[[str], int], longest: int) -> SegmentedText:
    """Cut a text at its line ends, and lines that are too long at sentences, clauses or spaces.

    White space and characters are made what cleaned training text has (`normalise`). `size` says
    how long a string is; segments are as long as `longest` at most but for single characters.
    """
    lines = []
    for raw in text.split("\n"):
        segments = (part.strip() for part in _split_line(normalise(raw), size, longest))
        fitting = (_fitting(segment, size, longest) for segment in segments if segment)
        lines.append([part for parts in fitting for part in parts])
    return SegmentedText(text, lines)


def _fitting(segment: str, size: Callable[[str], int], longest: int) -> list[str]:
    """A segment, cut in halves until each part fits: sizes of parts need not add up.

    A half ends at the space nearest to the middle, if there is one.
    """
    if size(segment) <= longest or len(segment) < 2:
        return [segment]
    middle = len(segment) // 2
    spaces = [place for place, letter in enumerate(segment) if letter == " "]
    cut = min(spaces, key=lambda place: abs(place - middle), default=middle)
    halves = segment[:cut].strip(), segment[cut:].strip()
    return [part for half in halves for part in _fitting(half, size, longest)]


def _split_line(
    line: str, size: Callable[[str], int], longest: int,
    places: Sequence[re.Pattern[str]] = _PLACES,
) -> list[str]:  # fmt: skip
    """Segments of `line`, each as long as may be; joined they are the line."""
    whole = size(line)
    if whole <= longest or len(line) < 2:
        return [line]
    if not places:
        step = max(1, len(line) * longest // whole)
        return [line[start : start + step] for start in range(0, len(line), step)]
    segments: list[str] = []
    room = 0
    for piece in _pieces(line, places[0]):
        needed = size(piece)
        if needed <= room:
            segments[-1] += piece
            room -= needed
        else:
            segments += _split_line(piece, size, longest, places[1:])
            room = longest - size(segments[-1])
    return segments


def _pieces(line: str, place: re.Pattern[str]) -> list[str]:
    """`line` cut behind each match of `place`."""
    cuts = [0, *(match.end() for match in place.finditer(line)), len(line)]
    return [line[start:end] for start, end in pairwise(cuts) if end > start]
