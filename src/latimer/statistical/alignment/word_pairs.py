"""The distinct word pairs of a corpus, and a lexical table over them.

The *key* of a word pair is (source + 1) · target_vocab + target, and target alone for NULL, so that
sorted keys put NULL first and keep the targets of one source word together.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from latimer.compiled import compiled
from latimer.statistical.sentences import Sentences

FLOOR = 1e-7
"""Probability of a word pair that a table does not have."""


class LexicalTable(NamedTuple):
    """t(target | source) of the word pairs of a corpus, NULL included.

    keys: `[entries]` int64, sorted; probabilities: `[entries]` float64; rows: `[sources + 2]`
    int64, the entries of source word s (-1: NULL) are `rows[s + 1]:rows[s + 2]`.
    """

    keys: npt.NDArray[np.int64]
    probabilities: npt.NDArray[np.float64]
    rows: npt.NDArray[np.int64]
    target_vocab: int


class WordPairs(NamedTuple):
    """Which table entry each possible link of a corpus has.

    keys: `[entries]` int64, sorted; entries: `[possible links]` int32, index into keys, ordered by
    sentence pair, source position (NULL first) and target position; first: `[pairs + 1]` int64,
    where the links of a sentence pair begin.
    """

    keys: npt.NDArray[np.int64]
    entries: npt.NDArray[np.int32]
    first: npt.NDArray[np.int64]


def word_pairs(source: Sentences, target: Sentences, target_vocab: int) -> WordPairs:
    """Number the distinct word pairs."""
    order = np.argsort(source.tokens, kind="stable")
    lengths = np.diff(source.offsets)
    pair_of = np.repeat(np.arange(source.count, dtype=np.int32), lengths)
    first = np.zeros(source.count + 1, np.int64)
    np.cumsum((lengths + 1) * np.diff(target.offsets), out=first[1:])
    keys, entries = _number(*source, *target, order, pair_of, first, target_vocab)
    return WordPairs(keys, entries, first)


def rows_of(keys: npt.NDArray[np.int64], sources: int, target_vocab: int) -> npt.NDArray[np.int64]:
    """Where the entries of each source word begin, NULL first: `[sources + 2]`."""
    return np.searchsorted(keys, np.arange(sources + 2, dtype=np.int64) * target_vocab)


@compiled
def _number(source, source_offsets, target, target_offsets, order, pair_of, first, target_vocab):  # type: ignore[no-untyped-def]
    """Keys and entries of `WordPairs`; `order` sorts the source tokens by word."""
    entries = np.empty(first[-1], np.int32)
    keys = np.empty(1 << 16, np.int64)
    entry_of = np.full(target_vocab, -1, np.int32)
    seen_with = np.full(target_vocab, -2, np.int32)
    found = np.empty(target_vocab, np.int32)
    known = 0
    for token in target:
        entry_of[token] = 0
    for token in range(target_vocab):
        if entry_of[token] == 0:
            if known == len(keys):
                keys = _longer(keys)
            keys[known] = token
            entry_of[token] = known
            known += 1
    for pair in range(len(first) - 1):
        begin, end = target_offsets[pair], target_offsets[pair + 1]
        for j in range(begin, end):
            entries[first[pair] + j - begin] = entry_of[target[j]]
    low = 0
    while low < len(order):
        word = source[order[low]]
        high = low
        new = 0
        while high < len(order) and source[order[high]] == word:
            pair = pair_of[order[high]]
            for j in range(target_offsets[pair], target_offsets[pair + 1]):
                if seen_with[target[j]] != word:
                    seen_with[target[j]] = word
                    found[new] = target[j]
                    new += 1
            high += 1
        found[:new].sort()
        while known + new > len(keys):
            keys = _longer(keys)
        for k in range(new):
            keys[known + k] = (np.int64(word) + 1) * target_vocab + found[k]
            entry_of[found[k]] = known + k
        known += new
        for occurrence in range(low, high):
            place = order[occurrence]
            pair = pair_of[place]
            begin, end = target_offsets[pair], target_offsets[pair + 1]
            row = first[pair] + (place - source_offsets[pair] + 1) * (end - begin)
            for j in range(begin, end):
                entries[row + j - begin] = entry_of[target[j]]
        low = high
    return keys[:known].copy(), entries


@compiled
def _longer(array):  # type: ignore[no-untyped-def]
    """A copy with room for twice as many."""
    longer = np.empty(2 * len(array), array.dtype)
    longer[: len(array)] = array
    return longer


@compiled
def probability(keys, probabilities, rows, target_vocab, source, target):  # type: ignore[no-untyped-def]
    """t(target | source) of a `LexicalTable`; source -1 is NULL; FLOOR for an unknown pair."""
    if source < -1 or source + 2 >= len(rows) or target < 0:
        return FLOOR
    key = (np.int64(source) + 1) * target_vocab + target
    low, high = rows[source + 1], rows[source + 2]
    while low < high:
        middle = (low + high) >> 1
        if keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    if low < rows[source + 2] and keys[low] == key:
        return max(probabilities[low], FLOOR)
    return FLOOR


@compiled
def maximise(counts, rows, smoothing):  # type: ignore[no-untyped-def]
    """Turn expected counts `[entries]` into t(target | source), in place."""
    for source in range(len(rows) - 1):
        total = 0.0
        for entry in range(rows[source], rows[source + 1]):
            counts[entry] += smoothing
            total += counts[entry]
        for entry in range(rows[source], rows[source + 1]):
            counts[entry] /= total
