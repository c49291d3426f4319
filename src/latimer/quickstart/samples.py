"""The choice of test sentences that are shown: always the same, from short to long."""

from __future__ import annotations

from collections.abc import Sequence

from latimer.formats.pair import Pair
from latimer.text.corpus.split import rank

SHORTEST_SHARE = 0.15
"""The share of shortest sentences, mostly single words, that are left out."""


def choose_samples(pairs: Sequence[Pair], count: int) -> list[Pair]:
    """At most `count` pairs with distinct sources, evenly spread over the lengths of sources.

    Depends only on the set of pairs, not on their order. Shortest first.
    """
    distinct = {pair.source: pair for pair in sorted(pairs, reverse=True)}
    # Among equal lengths a hash decides, so that the choice does not favour the letter A.
    by_length = sorted(
        distinct.values(), key=lambda pair: (len(pair.source), rank(pair.source, 0), pair.source)
    )
    if len(by_length) <= count:
        return by_length
    first = min(int(SHORTEST_SHARE * len(by_length)), len(by_length) - count)
    step = (len(by_length) - first) / count
    return [by_length[first + int((k + 0.5) * step)] for k in range(count)]
