"""N-grams of a corpus with their counts, order by order.

An n-gram is its prefix, which is an (n-1)-gram, and a last word. Every sentence is read with one
begin symbol before it and one end symbol behind it; no n-gram crosses a sentence's end.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from latimer.statistical.arrays import Bools, Longs
from latimer.statistical.sentences import Sentences


class Specials(NamedTuple):
    """Ids that follow those of the words of a vocabulary."""

    begin: int
    end: int
    unknown: int

    @classmethod
    def after(cls, words: int) -> Specials:
        """Of a vocabulary with so many words."""
        return cls(words, words + 1, words + 2)

    @property
    def symbols(self) -> int:
        """Number of ids, words and special symbols."""
        return self.unknown + 1


class Grams(NamedTuple):
    """The distinct n-grams of one order, sorted by prefix and last word, `[grams]` each.

    prefix: row of the first n - 1 words among the grams of the order below, 0 for single words;
    word: the last one; suffix: row of the last n - 1 words there; begins: whether the first word is
    the begin symbol; count: how often it occurs.
    """

    prefix: Longs
    word: Longs
    suffix: Longs
    begins: Bools
    count: Longs


def count_grams(sentences: Sentences, words: int, order: int) -> list[Grams]:
    """The n-grams of orders 1 to `order`; token ids are below `words`.

    Fewer orders where no sentence is long enough.
    """
    text, starts = _with_boundaries(sentences, Specials.after(words))
    begin = words
    symbols = Specials.after(words).symbols
    rows = np.zeros(len(text) + 1, np.int64)  # of the gram of the order below that starts there
    valid = np.arange(len(text))  # positions where a gram of this order starts
    levels: list[Grams] = []
    for length in range(1, order + 1):
        inside = valid + length - 1 < _ends(starts, len(text))[valid]
        valid = valid[inside]
        if not len(valid):
            break
        last = text[valid + length - 1]
        keys = (rows[valid] if length > 1 else 0) * symbols + last
        distinct, first, which, count = np.unique(
            keys, return_index=True, return_inverse=True, return_counts=True
        )
        at = valid[first]
        suffix = rows[at + 1] if length > 1 else np.zeros(len(at), np.int64)
        levels.append(
            Grams(distinct // symbols, distinct % symbols, suffix, text[at] == begin, count)
        )
        rows = np.zeros(len(text) + 1, np.int64)
        rows[valid] = which
    return levels


def _with_boundaries(sentences: Sentences, specials: Specials) -> tuple[Longs, Longs]:
    """All sentences with their symbols of begin and end, and where each starts."""
    lengths = np.diff(sentences.offsets) + 2
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    text = np.empty(starts[-1], np.int64)
    places = np.arange(len(sentences.tokens)) + np.repeat(
        1 + 2 * np.arange(sentences.size), np.diff(sentences.offsets)
    )
    text[places] = sentences.tokens
    text[starts[:-1]] = specials.begin
    text[starts[1:] - 1] = specials.end
    return text, starts


def _ends(starts: Longs, total: int) -> Longs:
    """For each position where its sentence ends."""
    return np.repeat(starts[1:], np.diff(starts)) if total else np.zeros(0, np.int64)
