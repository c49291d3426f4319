"""Numbers for all phrases of a corpus, in lexicographic order.

The positions of a corpus are sorted by the tokens that follow them, up to `LONGEST` of them, as in
a suffix array. All occurrences of a phrase are then neighbours; the place of the first is the
*place* of the phrase, and place · 8 + length its *number*. Numbers of phrases sort as the phrases
do, a phrase before its continuations, and two phrases have the same number only if they are equal.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from latimer.compiled import compiled
from latimer.statistical.arrays import Ints
from latimer.statistical.sentences import Sentences

WIDTH = 8
"""Numbers are place · WIDTH + length."""


class PhraseOrder(NamedTuple):
    """order: `[tokens]` int32 positions, sorted; places: `[longest, tokens]` int32.

    `places[n - 1, p]` is the place of the phrase of n tokens at position p, or -1 where the
    sentence ends before. times: `[longest, tokens]` int32, `times[n - 1, place]` is how often the
    phrase of n tokens with that place occurs.
    """

    order: Ints
    places: Ints
    times: Ints


def phrase_order(sentences: Sentences, longest: int) -> PhraseOrder:
    """Sort the positions of the corpus."""
    tokens = len(sentences.tokens)
    ends = np.repeat(sentences.offsets[1:], np.diff(sentences.offsets))
    padded = np.zeros((longest, tokens), np.int32)
    for n in range(longest):
        inside = np.flatnonzero(ends - np.arange(tokens) > n)
        padded[n, inside] = sentences.tokens[inside + n] + 1
    order = np.lexsort(padded[::-1]).astype(np.int32)
    return PhraseOrder(order, *_places(order, padded))


@compiled
def _places(order: Ints, padded: Ints) -> tuple[Ints, Ints]:
    """Places and times; padded: `[longest, tokens]` the tokens from each position on."""
    places = np.full(padded.shape, -1, np.int32)
    times = np.zeros(padded.shape, np.int32)
    low = np.zeros(len(padded), np.int32)
    for rank in range(len(order)):
        position = order[rank]
        same = rank > 0
        for n in range(len(padded)):
            same = same and padded[n, position] == padded[n, order[rank - 1]]
            if not same:
                low[n] = rank
            if padded[n, position]:
                places[n, position] = low[n]
                times[n, low[n]] += 1
    return places, times
