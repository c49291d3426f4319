"""Texts cut into parts that a translator takes, and put together again."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from latimer.engines.translator import Alternative, Translation
from latimer.text.corpus.clean import normalise

# Where to cut an over-long line, best first: after a sentence, after a clause, at a space.
_PLACES = (
    re.compile(r"(?<=[.!?…])[\"'”’»)\]]* +|(?<=[。！？])"),
    re.compile(r"(?<=[,;:]) +|(?<=[、，；：])"),
    re.compile(r" +"),
)


@dataclass(frozen=True)
class Parts:
    """A text as parts: `lines[i]` holds the parts of its line i, none if that is blank."""

    text: str
    lines: list[list[str]]

    @property
    def flat(self) -> list[str]:
        """All parts, in order."""
        return [part for line in self.lines for part in line]

    def join(self, translations: Sequence[Translation], *, glue: str = " ") -> Translation:
        """The translation of the text from those of `flat`; `glue` stands between parts of a line.

        The score is the mean of the parts' scores. Alternatives join the parts' alternatives of
        the same rank, the best where a part has fewer.
        """
        if len(translations) == 1 and len(self.lines) == 1:
            (one,) = translations
            return replace(one, source=self.text)
        if not translations:
            return Translation(self.text, "\n" * (len(self.lines) - 1), 0.0)
        ranks = [[Alternative(t.text, t.score), *t.alternatives] for t in translations]
        joined = []
        for rank in range(max(map(len, ranks))):
            chosen = [found[rank] if rank < len(found) else found[0] for found in ranks]
            score = sum(part.score for part in chosen) / len(chosen)
            joined.append(Alternative(self._assemble([part.text for part in chosen], glue), score))
        best, *others = joined
        return Translation(self.text, best.text, best.score, others, parts=len(translations))

    def _assemble(self, texts: list[str], glue: str) -> str:
        left = iter(texts)
        return "\n".join(glue.join(next(left) for _ in line) for line in self.lines)


def split_text(text: str, count: Callable[[str], int], limit: int) -> Parts:
    """Cut a text at its line ends, and lines over the limit at sentences, clauses or spaces.

    White space and characters are made what cleaned training text has (`normalise`). `count` says
    how many pieces a string has; parts have about `limit` at most.
    """
    lines = []
    for raw in text.split("\n"):
        parts = (part.strip() for part in _split_line(normalise(raw), count, limit))
        lines.append([part for part in parts if part])
    return Parts(text, lines)


def _split_line(
    line: str, count: Callable[[str], int], limit: int, places: Sequence[re.Pattern[str]] = _PLACES
) -> list[str]:
    """Parts of `line`, each as long as may be; joined they are the line."""
    size = count(line)
    if size <= limit or len(line) < 2:
        return [line]
    if not places:
        step = max(1, len(line) * limit // size)
        return [line[start : start + step] for start in range(0, len(line), step)]
    parts: list[str] = []
    room = 0
    for piece in _pieces(line, places[0]):
        size = count(piece)
        if size <= room:
            parts[-1] += piece
            room -= size
        else:
            parts += _split_line(piece, count, limit, places[1:])
            room = limit - count(parts[-1])
    return parts


def _pieces(line: str, place: re.Pattern[str]) -> list[str]:
    """`line` cut behind each match of `place`."""
    cuts = [0, *(match.end() for match in place.finditer(line)), len(line)]
    return [line[start:end] for start, end in pairwise(cuts) if end > start]
