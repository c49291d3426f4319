"""Some options of a phrase table, against lists."""

import numpy as np

from latimer.statistical.phrases.phrase_table import PhraseTable
from latimer.statistical.phrases.selection import keeps_symbols, select

PHRASES = [([0], [[5], [6, 7]]), ([0, 1], [[7]]), ([2], [[8, 8], [9], [5, 8]])]


def table(phrases):
    options = [one for _, several in phrases for one in several]
    tokens = [t for one in options for t in one]
    count = len(options)
    return PhraseTable(
        np.array([t for source, _ in phrases for t in source], np.int32),
        np.cumsum([0, *(len(source) for source, _ in phrases)]),
        np.cumsum([0, *(len(several) for _, several in phrases)]),
        np.array(tokens, np.int32),
        np.cumsum([0, *map(len, options)]),
        np.arange(4 * count, dtype=np.float32).reshape(count, 4),
        np.arange(6 * count, dtype=np.float32).reshape(count, 6),
        np.arange(count, dtype=np.int32),
        np.arange(len(tokens), dtype=np.int8),
    )


def listed(found):
    return [
        (
            found.source_phrase(row).tolist(),
            [found.target_phrase(k).tolist() for k in range(*found.first[row : row + 2])],
        )
        for row in range(found.phrases)
    ]


def test_kept_options_stay_with_all_that_belongs_to_them():
    whole = table(PHRASES)
    kept = np.array([False, True, False, True, False, True])
    part = select(whole, kept)
    assert listed(part) == [([0], [[6, 7]]), ([2], [[8, 8], [5, 8]])]
    np.testing.assert_array_equal(part.scores, whole.scores[kept])
    np.testing.assert_array_equal(part.orientation, whole.orientation[kept])
    np.testing.assert_array_equal(part.counts, [1, 3, 5])
    np.testing.assert_array_equal(part.links, [1, 2, 4, 5, 7, 8])
    assert listed(select(whole, np.ones(6, bool))) == PHRASES


def test_phrases_that_lose_or_add_a_symbol_are_found():
    # Source token 1 and target tokens 7 are symbol 3; source 2 and target 8 are symbol 0.
    kept = keeps_symbols(table(PHRASES), {1: 3, 2: 0}, {7: 3, 8: 0})
    assert kept.tolist() == [True, False, True, False, False, True]
