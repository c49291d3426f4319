"""How well words are translated, by how often the training text has them.

As compare-mt has it (Neubig et al. 2019): an output word matches if it stands in the reference of
its sentence, as often at most as there; F1 is taken over all words of a class of frequency.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from latimer.compare.tokens import tokens_of
from latimer.compare.translated import Translated

BEGINS = (0, 1, 2, 6, 21, 101, 1001)
"""The lowest frequency of each class; the first holds the words that training never saw."""


@dataclass(frozen=True)
class WordClass:
    """The words of one class of frequency in the training text.

    first, last: the frequencies it holds, no upper bound if None; words: of the reference;
    f1: of each system, 0 to 100, of a group the mean of its members, None where neither
    the reference nor the system has such words; found: share of the reference's words in
    the output, 0 to 100.
    """

    first: int
    last: int | None
    words: int
    f1: tuple[float | None, ...]
    found: tuple[float | None, ...]


@dataclass(frozen=True)
class Training:
    """The words of the target side of a training text; `name` says which text it is."""

    name: str
    counts: Counter[str]


def training_counts(lines: Iterable[str], language: str = "") -> Counter[str]:
    """How often each token occurs in the target side of a training text."""
    counts: Counter[str] = Counter()
    for tokens in tokens_of(lines, language):
        counts.update(tokens)
    return counts


def by_frequency(
    systems: Sequence[Translated],
    references: Sequence[str],
    training: Counter[str],
    language: str = "",
) -> list[WordClass]:
    """A class for each of BEGINS, unseen words first."""
    wanted = [Counter(tokens) for tokens in tokens_of(references, language)]
    figures = [
        [_figures(wanted, tokens_of(member.lines, language), training) for member in one.members]
        for one in systems
    ]
    found = []
    for place, first in enumerate(BEGINS):
        last = BEGINS[place + 1] - 1 if place + 1 < len(BEGINS) else None
        of_class = [[each[place] for each in members] for members in figures]
        f1 = tuple(_mean([_share(2 * m, r + w) for m, r, w in each]) for each in of_class)
        share = tuple(_mean([_share(m, r) for m, r, _ in each]) for each in of_class)
        found.append(WordClass(first, last, int(of_class[0][0][1]), f1, share))
    return found


def _figures(
    wanted: Sequence[Counter[str]], written: Sequence[Sequence[str]], training: Counter[str]
) -> list[tuple[int, int, int]]:
    """Of each class the words that match, those of the reference and those of the output."""
    sums = np.zeros((len(BEGINS), 3), dtype=np.int64)
    for reference, tokens in zip(wanted, written, strict=True):
        output = Counter(tokens)
        for column, counts in enumerate((output & reference, reference, output)):
            for word, times in counts.items():
                sums[bisect_right(BEGINS, training[word]) - 1, column] += times
    return [(int(m), int(r), int(w)) for m, r, w in sums]


def _share(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
