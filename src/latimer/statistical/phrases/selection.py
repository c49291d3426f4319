"""Some of the options of a phrase table."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from latimer.statistical.arrays import Bools, Ints, Longs
from latimer.statistical.phrases.phrase_table import PhraseTable


def select(table: PhraseTable, kept: Bools) -> PhraseTable:
    """The table with the options for which `kept [options]` is true."""
    of_option = np.repeat(np.arange(table.phrases), np.diff(table.first))
    left = np.bincount(of_option[kept], minlength=table.phrases)
    lengths = np.diff(table.target_offsets)
    of_token = np.repeat(kept, lengths)
    sources = left > 0
    source_lengths = np.diff(table.source_offsets)
    return PhraseTable(
        table.source_tokens[np.repeat(sources, source_lengths)],
        _offsets(source_lengths[sources]),
        _offsets(left[sources]),
        table.target_tokens[of_token],
        _offsets(lengths[kept]),
        table.scores[kept],
        table.orientation[kept],
        table.counts[kept],
        table.links[of_token],
    )


def keeps_symbols(
    table: PhraseTable, source: Mapping[int, int], target: Mapping[int, int]
) -> Bools:
    """Which options have the same symbols on both sides, `[options]`.

    `source` and `target` number the tokens that are symbols, 0 to 15. Placeholders are such: a
    phrase that loses one, or adds one, is no translation.
    """
    of_option = np.repeat(np.arange(table.phrases), np.diff(table.first))
    ours = _counts(table.source_tokens, table.source_offsets, source)
    return ours[of_option] == _counts(table.target_tokens, table.target_offsets, target)


def _counts(tokens: Ints, offsets: Longs, symbols: Mapping[int, int]) -> Longs:
    """How often each phrase has each symbol, four bits a symbol."""
    worth = np.zeros(int(tokens.max(initial=0)) + 1, np.uint64)
    for token, number in symbols.items():
        if 0 <= token < len(worth):
            worth[token] = np.uint64(1) << np.uint64(4 * number)
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(worth[tokens], dtype=np.uint64)])
    return sums[offsets[1:]] - sums[offsets[:-1]]


def _offsets(lengths: Longs) -> Longs:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)])
