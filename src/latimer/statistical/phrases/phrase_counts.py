"""Occurrences of phrase pairs gathered into distinct pairs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from latimer.compiled import compiled
from latimer.statistical.arrays import Array, Ints, Longs
from latimer.statistical.phrases.extraction import Occurrences
from latimer.statistical.phrases.lexical_weights import LinkedWords
from latimer.statistical.phrases.phrase_order import WIDTH, PhraseOrder
from latimer.statistical.phrases.settings import LONGEST


class PhraseCounts(NamedTuple):
    """Distinct phrase pairs, sorted by the numbers of source and target phrase, `[pairs]` each.

    sources, targets: int64 numbers (see `phrase_order`). first: `[pairs + 1]` int64, the
    occurrences of pair k are `order[first[k]:first[k + 1]]`. examples: int32, an occurrence with
    the links that most occurrences of the pair have.
    """

    sources: Longs
    targets: Longs
    first: Longs
    order: Ints
    examples: Ints

    @property
    def counts(self) -> Longs:
        """How often each pair occurs."""
        return np.diff(self.first)


def count_pairs(
    found: Occurrences, source: PhraseOrder, target: PhraseOrder, linked: LinkedWords
) -> PhraseCounts:
    """Sort the occurrences by phrase pair."""
    size = np.int64(len(target.order) + 1) * WIDTH
    keys = _keys(*found[:4], source.places, target.places, size)
    order = np.argsort(keys).astype(np.int32)
    keys = keys[order]
    first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1], [True]]))
    if not len(keys):
        first = np.zeros(1, np.int64)
    sources, targets = np.divmod(keys[first[:-1]], size)
    examples = _usual(*found[:4], *linked[:2], order, first)
    return PhraseCounts(sources, targets, first.astype(np.int64), order, examples)


@compiled
def _keys(
    sources: Ints,
    targets: Ints,
    source_lengths: Array,
    target_lengths: Array,
    source_places: Ints,
    target_places: Ints,
    size: int,
) -> Longs:
    """One number for each phrase pair."""
    keys = np.empty(len(sources), np.int64)
    for k in range(len(sources)):
        a, b = source_lengths[k], target_lengths[k]
        one = np.int64(source_places[a - 1, sources[k]]) * WIDTH + a
        other = np.int64(target_places[b - 1, targets[k]]) * WIDTH + b
        keys[k] = one * size + other
    return keys


@compiled
def _usual(
    sources: Ints,
    targets: Ints,
    source_lengths: Array,
    target_lengths: Array,
    link_first: Longs,
    link_sources: Ints,
    order: Ints,
    first: Longs,
) -> Ints:
    """The occurrence of each pair whose links are the most frequent; of a tie, the least pattern.

    The pattern of an occurrence has a bit for each of LONGEST x LONGEST possible links.
    """
    examples = np.empty(len(first) - 1, np.int32)
    most = 1
    for pair in range(len(first) - 1):
        most = max(most, first[pair + 1] - first[pair])
    patterns = np.empty(most, np.int64)
    for pair in range(len(first) - 1):
        begin, end = first[pair], first[pair + 1]
        examples[pair] = order[begin]
        if end - begin < 2:
            continue
        for at in range(begin, end):
            k = order[at]
            pattern = np.int64(0)
            for j in range(target_lengths[k]):
                word = targets[k] + j
                for q in range(link_first[word], link_first[word + 1]):
                    pattern |= np.int64(1) << (LONGEST * (link_sources[q] - sources[k]) + j)
            patterns[at - begin] = pattern
        number = end - begin
        by_pattern = np.argsort(patterns[:number])
        longest, run = 0, 0
        for at in range(number):
            if at and patterns[by_pattern[at]] == patterns[by_pattern[at - 1]]:
                run += 1
            else:
                run = 1
            if run > longest:
                longest = run
                examples[pair] = order[begin + by_pattern[at]]
    return examples


def marginals(counts: PhraseCounts, words: int, side: Longs) -> tuple[Longs, Longs]:
    """For each pair, how often one of its phrases occurs in pairs, and in how many distinct ones.

    side: `counts.sources` or `counts.targets`; words: tokens of that side of the corpus.
    """
    totals = np.bincount(side, counts.counts, words * WIDTH + WIDTH)
    kinds = np.bincount(side, minlength=words * WIDTH + WIDTH)
    return totals[side].astype(np.int64), kinds[side]
