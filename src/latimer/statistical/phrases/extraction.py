"""All phrase pairs that the links of a corpus allow (Och et al. 1999; Koehn, Och & Marcu 2003).

Source words i1..i2 and target words j1..j2 are a phrase pair if at least one link joins them and
no link joins a word inside to one outside. Words without a link may stand at its edges.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from latimer.compiled import compiled
from latimer.statistical.alignment.links import Links
from latimer.statistical.arrays import Array, Bytes, Ints, Longs
from latimer.statistical.sentences import Sentences

MONOTONE, SWAP, DISCONTINUOUS = range(3)


class Occurrences(NamedTuple):
    """Phrase pairs in the order of the corpus, each `[occurrences]`.

    sources, targets: int32 position of the first token in the corpus; source_lengths,
    target_lengths: int8; orientations: int8, 3 · orientation to the previous phrase + that to the
    next.
    """

    sources: Ints
    targets: Ints
    source_lengths: Bytes
    target_lengths: Bytes
    orientations: Bytes


def extract(
    source: Sentences, target: Sentences, links: Links, longest: int, *, by_phrase: bool = True
) -> Occurrences:
    """The phrase pairs of all sentence pairs; by_phrase: orientation from phrases, not links."""
    fields = _extract(source.offsets, target.offsets, *links, longest, by_phrase)
    return Occurrences(*fields)


@compiled
def _extract(
    source_offsets: Longs,
    target_offsets: Longs,
    offsets: Longs,
    sources: Ints,
    targets: Ints,
    longest: int,
    by_phrase: bool,
) -> tuple[Ints, Ints, Bytes, Bytes, Bytes]:
    """`extract` of all sentence pairs."""
    room = 1 << 16
    starts = np.empty((2, room), np.int32)
    small = np.empty((3, room), np.int8)
    number = 0
    for pair in range(len(offsets) - 1):
        low, high = source_offsets[pair], target_offsets[pair]
        linked = link_matrix(
            source_offsets[pair + 1] - low,
            target_offsets[pair + 1] - high,
            sources[offsets[pair] : offsets[pair + 1]],
            targets[offsets[pair] : offsets[pair + 1]],
        )
        spans = phrase_pairs(linked, longest)
        turns = orientations(linked, spans, by_phrase)
        if number + len(spans) > room:
            room = 2 * room + len(spans)
            starts, small = _wider(starts, room), _wider(small, room)
        for k in range(len(spans)):
            starts[0, number] = low + spans[k, 0]
            starts[1, number] = high + spans[k, 2]
            small[0, number] = spans[k, 1] - spans[k, 0]
            small[1, number] = spans[k, 3] - spans[k, 2]
            small[2, number] = turns[k]
            number += 1
    return (
        starts[0, :number].copy(),
        starts[1, :number].copy(),
        small[0, :number].copy(),
        small[1, :number].copy(),
        small[2, :number].copy(),
    )


@compiled
def _wider(array: Array, room: int) -> Array:
    """A copy with room for more columns."""
    wider = np.empty((array.shape[0], room), array.dtype)
    wider[:, : array.shape[1]] = array
    return wider


@compiled
def link_matrix(length: int, others: int, sources: Ints, targets: Ints) -> Array:
    """Whether words are linked, `[length, others]`."""
    linked = np.zeros((length, others), np.bool_)
    for k in range(len(sources)):
        linked[sources[k], targets[k]] = True
    return linked


@compiled
def phrase_pairs(linked: Array, longest: int) -> Ints:
    """Rows (i1, i2 + 1, j1, j2 + 1) of all phrase pairs of one sentence pair."""
    length, others = linked.shape
    first_source = np.full(others, length, np.int32)
    last_source = np.full(others, -1, np.int32)
    first_target = np.full(length, others, np.int32)
    last_target = np.full(length, -1, np.int32)
    for i in range(length):
        for j in range(others):
            if linked[i, j]:
                first_source[j], last_source[j] = min(first_source[j], i), i
                first_target[i], last_target[i] = min(first_target[i], j), j
    spans = np.empty((64, 4), np.int32)
    number = 0
    for begin in range(length):
        low, high = others, -1
        for end in range(begin, min(length, begin + longest)):
            low, high = min(low, first_target[end]), max(high, last_target[end])
            if high - low >= longest:
                break
            if high < 0:
                continue
            inside = True
            for j in range(low, high + 1):
                if last_source[j] >= 0 and (first_source[j] < begin or last_source[j] > end):
                    inside = False
                    break
            if not inside:
                continue
            left = low
            while True:
                right = high
                while right - left < longest:
                    if number == len(spans):
                        longer = np.empty((2 * number, 4), np.int32)
                        longer[:number] = spans
                        spans = longer
                    spans[number] = begin, end + 1, left, right + 1
                    number += 1
                    right += 1
                    if right == others or last_source[right] >= 0:
                        break
                left -= 1
                if left < 0 or last_source[left] >= 0 or high - left >= longest:
                    break
    return spans[:number]


@compiled
def orientations(linked: Array, spans: Ints, by_phrase: bool) -> Bytes:
    """Of each phrase pair, 3 · orientation to the previous + orientation to the next.

    In the order of the target, a phrase pair is *monotone* with the one before it if that ends
    at (i1 - 1, j1 - 1), *swapped* if it covers (i2 + 1, j1 - 1), else *discontinuous*; with the
    one after it, at (i2 + 1, j2 + 1) and (i1 - 1, j2 + 1). What counts is a link there, or with
    `by_phrase` a phrase pair with its corner there. Beyond both edges of the sentence is a link.
    """
    length, others = linked.shape
    corners = np.zeros((4, length + 2, others + 2), np.bool_)
    if by_phrase:
        for k in range(len(spans)):
            begin, end, left, right = spans[k]
            corners[0, end, right] = True
            corners[1, begin + 1, right] = True
            corners[2, begin + 1, left + 1] = True
            corners[3, end, left + 1] = True
    else:
        for corner in range(4):
            corners[corner, 1:-1, 1:-1] = linked
    corners[0, 0, 0] = corners[2, length + 1, others + 1] = True
    turns = np.empty(len(spans), np.int8)
    for k in range(len(spans)):
        begin, end, left, right = spans[k]
        before, after = DISCONTINUOUS, DISCONTINUOUS
        if corners[0, begin, left]:
            before = MONOTONE
        elif corners[1, end + 1, left]:
            before = SWAP
        if corners[2, end + 1, right + 1]:
            after = MONOTONE
        elif corners[3, begin, right + 1]:
            after = SWAP
        turns[k] = 3 * before + after
    return turns
