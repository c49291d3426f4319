"""Where in a corpus a phrase pair was extracted from."""

from __future__ import annotations

import numpy as np

from latimer.compiled import compiled
from latimer.statistical.alignment.links import Links
from latimer.statistical.arrays import Ints, Longs
from latimer.statistical.phrases.extraction import link_matrix
from latimer.statistical.sentences import Sentences


def evidence(
    source: Sentences,
    target: Sentences,
    links: Links,
    phrase_source: Ints,
    phrase_target: Ints,
    limit: int,
) -> list[int]:
    """The first `limit` sentence pairs, from 0, in which the phrase pair agrees with the links."""
    phrase_source = np.asarray(phrase_source, np.int32)
    phrase_target = np.asarray(phrase_target, np.int32)
    found = _evidence(*source, *target, *links, phrase_source, phrase_target, limit)
    return [int(number) for number in found]


@compiled
def _evidence(
    source: Ints,
    source_offsets: Longs,
    target: Ints,
    target_offsets: Longs,
    offsets: Longs,
    sources: Ints,
    targets: Ints,
    phrase_source: Ints,
    phrase_target: Ints,
    limit: int,
) -> Ints:
    """`evidence`."""
    found = np.empty(max(limit, 0), np.int32)
    number = 0
    for pair in range(len(offsets) - 1):
        if number >= limit:
            break
        words = source[source_offsets[pair] : source_offsets[pair + 1]]
        others = target[target_offsets[pair] : target_offsets[pair + 1]]
        places = occurrences(words, phrase_source)
        if not len(places):
            continue
        other_places = occurrences(others, phrase_target)
        if not len(other_places):
            continue
        begin, end = offsets[pair], offsets[pair + 1]
        linked = link_matrix(len(words), len(others), sources[begin:end], targets[begin:end])
        if _any_agrees(linked, places, len(phrase_source), other_places, len(phrase_target)):
            found[number] = pair
            number += 1
    return found[:number]


@compiled
def occurrences(words: Ints, phrase: Ints) -> Ints:
    """The positions at which a phrase begins."""
    places = np.empty(len(words), np.int32)
    number = 0
    for begin in range(len(words) - len(phrase) + 1):
        same = True
        for k in range(len(phrase)):
            if words[begin + k] != phrase[k]:
                same = False
                break
        if same:
            places[number] = begin
            number += 1
    return places[:number]


@compiled
def _any_agrees(linked: Ints, places: Ints, length: int, other_places: Ints, width: int) -> bool:
    """Whether any two spans have a link in common and none that leaves them."""
    for begin in places:
        for start in other_places:
            inside, outside = 0, 0
            for i in range(linked.shape[0]):
                for j in range(linked.shape[1]):
                    if linked[i, j]:
                        in_source = begin <= i < begin + length
                        in_target = start <= j < start + width
                        inside += in_source and in_target
                        outside += in_source != in_target
            if inside and not outside:
                return True
    return False
