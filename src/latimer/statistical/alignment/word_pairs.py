"""The distinct word pairs of a corpus, and a lexical table over them.

The *key* of a word pair is (source + 1) · target_vocab + target, and target alone for NULL, so that
sorted keys put NULL first and keep the targets of one source word together.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from latimer.compiled import compiled
from latimer.statistical.arrays import Array, Floats, Ints, Longs
from latimer.statistical.sentences import Sentences

FLOOR = 1e-7
"""Probability of a word pair that a table does not have."""


class LexicalTable(NamedTuple):
    """t(target | source) of the word pairs of a corpus, NULL included.

    keys: `[entries]` int64, sorted; probabilities: `[entries]` float64; rows: `[sources + 2]`
    int64, the entries of source word s (-1: NULL) are `rows[s + 1]:rows[s + 2]`.
    """

    keys: Longs
    probabilities: Floats
    rows: Longs
    target_vocab: int


class WordPairs(NamedTuple):
    """Which table entry each possible link of a corpus has.

    keys: `[entries]` int64, sorted; entries: `[possible links]` int32, index into keys, ordered by
    sentence pair, source position (NULL first) and target position; first: `[pairs + 1]` int64,
    where the links of a sentence pair begin; source_offsets, target_offsets: of the sentences;
    rows: as in `LexicalTable`.
    """

    keys: Longs
    entries: Ints
    first: Longs
    source_offsets: Longs
    target_offsets: Longs
    rows: Longs


def word_pairs(
    source: Sentences, target: Sentences, source_vocab: int, target_vocab: int
) -> WordPairs:
    """Number the distinct word pairs."""
    order = np.argsort(source.tokens, kind="stable")
    lengths = np.diff(source.offsets)
    pair_of = np.repeat(np.arange(source.size, dtype=np.int32), lengths)
    first = np.zeros(source.size + 1, np.int64)
    np.cumsum((lengths + 1) * np.diff(target.offsets), out=first[1:])
    keys, entries = _number(source, target, order, pair_of, first, target_vocab)
    rows = np.searchsorted(keys, np.arange(source_vocab + 2, dtype=np.int64) * target_vocab)
    return WordPairs(keys, entries, first, source.offsets, target.offsets, rows)


@compiled
def _number(
    source: Sentences,
    target: Sentences,
    order: Longs,
    pair_of: Ints,
    first: Longs,
    target_vocab: int,
) -> tuple[Longs, Ints]:
    """Keys and entries of `WordPairs`; `order` sorts the source tokens by word."""
    entries = np.empty(first[-1], np.int32)
    keys = np.empty(1 << 16, np.int64)
    entry_of = np.full(target_vocab, -1, np.int32)
    seen_with = np.full(target_vocab, -2, np.int32)
    found = np.empty(target_vocab, np.int32)
    known = 0
    for token in target.tokens:
        entry_of[token] = 0
    for token in range(target_vocab):
        if entry_of[token] == 0:
            if known == len(keys):
                keys = _longer(keys)
            keys[known] = token
            entry_of[token] = known
            known += 1
    for pair in range(len(first) - 1):
        begin, end = target.offsets[pair], target.offsets[pair + 1]
        for j in range(begin, end):
            entries[first[pair] + j - begin] = entry_of[target.tokens[j]]
    low = 0
    while low < len(order):
        word = source.tokens[order[low]]
        high = low
        new = 0
        while high < len(order) and source.tokens[order[high]] == word:
            pair = pair_of[order[high]]
            for j in range(target.offsets[pair], target.offsets[pair + 1]):
                if seen_with[target.tokens[j]] != word:
                    seen_with[target.tokens[j]] = word
                    found[new] = target.tokens[j]
                    new += 1
            high += 1
        found[:new].sort()
        while known + new > len(keys):
            keys = _longer(keys)
        for k in range(new):
            keys[known + k] = (int(word) + 1) * target_vocab + found[k]
            entry_of[found[k]] = known + k
        known += new
        for occurrence in range(low, high):
            place = order[occurrence]
            pair = pair_of[place]
            begin, end = target.offsets[pair], target.offsets[pair + 1]
            row = first[pair] + (place - source.offsets[pair] + 1) * (end - begin)
            for j in range(begin, end):
                entries[row + j - begin] = entry_of[target.tokens[j]]
        low = high
    return keys[:known].copy(), entries


@compiled
def _longer(array: Longs) -> Longs:
    """A copy with room for twice as many."""
    longer = np.empty(2 * len(array), array.dtype)
    longer[: len(array)] = array
    return longer


@compiled
def longest_sentences(offsets: Longs, other_offsets: Longs) -> tuple[int, int]:
    """The lengths of the longest sentences of both sides, at least 1."""
    longest, widest = 1, 1
    for pair in range(len(offsets) - 1):
        longest = max(longest, offsets[pair + 1] - offsets[pair])
        widest = max(widest, other_offsets[pair + 1] - other_offsets[pair])
    return longest, widest


@compiled
def probability(table: LexicalTable, source: int, target: int) -> float:
    """t(target | source); source -1 is NULL; FLOOR for a pair that the table does not have."""
    if source < -1 or source + 2 >= len(table.rows) or not 0 <= target < table.target_vocab:
        return FLOOR
    key = (int(source) + 1) * table.target_vocab + target
    low, high = int(table.rows[source + 1]), int(table.rows[source + 2])
    while low < high:
        middle = (low + high) >> 1
        if table.keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    if low < table.rows[source + 2] and table.keys[low] == key:
        return max(table.probabilities[low], FLOOR)
    return FLOOR


@compiled
def look_up(table: LexicalTable, words: Array, others: Array) -> Floats:
    """t(other | word) of each; word -1 is NULL."""
    found = np.empty(len(words))
    for k in range(len(words)):
        found[k] = probability(table, words[k], others[k])
    return found


@compiled
def maximise(counts: Floats, rows: Longs, smoothing: float) -> None:
    """Turn expected counts `[entries]` into t(target | source), in place."""
    for source in range(len(rows) - 1):
        total = 0.0
        for entry in range(rows[source], rows[source + 1]):
            counts[entry] += smoothing
            total += counts[entry]
        for entry in range(rows[source], rows[source + 1]):
            counts[entry] /= total
