"""The phrase table: source phrases in order, each with its options."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from latimer.compiled import compiled
from latimer.statistical.arrays import Bytes, Ints, Longs, Singles

SCORES = ("p(t|s)", "p(s|t)", "lex(t|s)", "lex(s|t)")
ORIENTATIONS = (
    "previous monotone",
    "previous swap",
    "previous discontinuous",
    "next monotone",
    "next swap",
    "next discontinuous",
)


class PhraseTable(NamedTuple):
    """Source phrases in lexicographic order of their token ids, and how each may be translated.

    source_tokens, source_offsets: the tokens of source phrase r are
    `source_tokens[source_offsets[r]:source_offsets[r + 1]]`. first: `[source phrases + 1]`; the
    options of r are `first[r]:first[r + 1]`, the most probable first. target_tokens,
    target_offsets: the target phrase of each option. scores: `[options, 4]` natural logarithms in
    the order of SCORES. orientation: `[options, 6]` natural logarithms in the order of
    ORIENTATIONS. counts: `[options]` how often the pair was extracted. links: `[target tokens]`
    the position within the source phrase of the word that each target token is linked to, or -1.
    """

    source_tokens: Ints
    source_offsets: Longs
    first: Longs
    target_tokens: Ints
    target_offsets: Longs
    scores: Singles
    orientation: Singles
    counts: Ints
    links: Bytes

    @property
    def options(self) -> int:
        """How many options there are."""
        return len(self.counts)

    @property
    def phrases(self) -> int:
        """How many distinct source phrases there are."""
        return len(self.first) - 1

    def source_phrase(self, row: int) -> Ints:
        """The tokens of a source phrase."""
        return self.source_tokens[self.source_offsets[row] : self.source_offsets[row + 1]]

    def target_phrase(self, option: int) -> Ints:
        """The tokens of an option."""
        return self.target_tokens[self.target_offsets[option] : self.target_offsets[option + 1]]

    def option_links(self, option: int) -> Bytes:
        """The links of an option, one for each of its tokens."""
        return self.links[self.target_offsets[option] : self.target_offsets[option + 1]]


def lookup(table: PhraseTable, tokens: Ints) -> Ints:
    """All spans of a sentence that are source phrases: rows (start, end, source phrase).

    Sorted by start, then end. Unknown tokens are -1.
    """
    return find_spans(table.source_tokens, table.source_offsets, tokens)


@compiled
def find_spans(source_tokens: Ints, source_offsets: Longs, tokens: Ints) -> Ints:
    """`lookup`, to be called from compiled functions.

    The rows that begin with the first k tokens of a span are neighbours, the shortest first, so
    that each further token narrows the rows down by binary search.
    """
    spans = np.empty((4 * len(tokens) + 16, 3), np.int32)
    found = 0
    for start in range(len(tokens)):
        low, high = np.int64(0), np.int64(len(source_offsets) - 1)
        for end in range(start + 1, len(tokens) + 1):
            token, depth = tokens[end - 1], end - 1 - start
            if token < 0:
                break
            low = _first_row(source_tokens, source_offsets, low, high, depth, token)
            high = _first_row(source_tokens, source_offsets, low, high, depth, token + 1)
            if low == high:
                break
            if source_offsets[low + 1] - source_offsets[low] == depth + 1:
                if found == len(spans):
                    longer = np.empty((2 * found, 3), np.int32)
                    longer[:found] = spans
                    spans = longer
                spans[found, 0], spans[found, 1], spans[found, 2] = start, end, low
                found += 1
    return spans[:found].copy()


@compiled
def _first_row(
    source_tokens: Ints, source_offsets: Longs, low: int, high: int, depth: int, token: int
) -> int:
    """The first of the rows low:high, which agree in `depth` tokens, whose next is >= `token`."""
    while low < high:
        middle = (low + high) >> 1
        place = source_offsets[middle] + depth
        if place >= source_offsets[middle + 1] or source_tokens[place] < token:
            low = middle + 1
        else:
            high = middle
    return low
