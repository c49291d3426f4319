"""A phrase table from a word-aligned corpus."""

from __future__ import annotations

import numpy as np

from latimer.compiled import compiled
from latimer.statistical.alignment.align import WordAlignment
from latimer.statistical.arrays import Bytes, Ints, Longs, Singles
from latimer.statistical.phrases.extraction import Occurrences, extract
from latimer.statistical.phrases.lexical_weights import (
    LinkedWords,
    greatest_weights,
    linked_words,
    mean_weights,
)
from latimer.statistical.phrases.phrase_counts import PhraseCounts, count_pairs
from latimer.statistical.phrases.phrase_order import phrase_order
from latimer.statistical.phrases.phrase_table import PhraseTable
from latimer.statistical.phrases.reordering import orientation_logs
from latimer.statistical.phrases.settings import PhraseSettings
from latimer.statistical.phrases.significance import significant
from latimer.statistical.phrases.smoothing import METHODS
from latimer.statistical.sentences import Sentences

RANKING = (1.0, 0.5, 0.5, 0.3)
"""Weights of the scores by which the options of a source phrase are put in order."""


def learn_phrases(
    source: Sentences, target: Sentences, alignment: WordAlignment, settings: PhraseSettings
) -> PhraseTable:
    """Extract, count, score and prune the phrase pairs of a corpus."""
    by_phrase = settings.orientation == "phrase"
    found = extract(source, target, alignment.links, settings.longest, by_phrase=by_phrase)
    linked = linked_words(source, target, alignment)
    orders = (phrase_order(source, settings.longest), phrase_order(target, settings.longest))
    counts = count_pairs(found, *orders, linked)
    if settings.lexical == "mean":
        lexical = mean_weights(found, counts.examples, linked)
    else:
        tables = alignment.forward.table, alignment.backward.table
        lexical = greatest_weights(source, target, found, counts.examples, *tables)
    scores = phrase_scores(counts, lexical, settings.smoothing)
    kept = significant(source, target, *orders, counts, settings.significance)
    kept = best_options(counts.sources, scores, kept, settings.options)
    return _table(source, target, found, counts, linked, scores, kept)


def phrase_scores(counts: PhraseCounts, lexical: Singles, smoothing: str) -> Singles:
    """The four scores of each pair, natural logarithms `[pairs, 4]`."""
    each = counts.counts
    scores = np.empty((len(each), 4), np.float32)
    sides = []
    for numbers in (counts.sources, counts.targets):
        _, which = np.unique(numbers, return_inverse=True)
        totals = np.bincount(which, each).astype(np.int64)
        sides.append((which, totals[which], np.bincount(which)[which]))
    for column, given, other in ((0, 0, 1), (1, 1, 0)):
        which, totals, _ = sides[given]
        p = METHODS[smoothing](each, totals, which, sides[other][2])
        scores[:, column] = np.log(np.maximum(p, 1e-12))
    scores[:, 2:] = lexical.T
    return scores


def best_options(sources: Longs, scores: Singles, kept: Longs, most: int) -> Longs:
    """At most `most` pairs of each source phrase, best first; `kept` numbers sorted pairs."""
    rank = scores[kept] @ np.array(RANKING, np.float32)
    order = np.lexsort((-rank, sources[kept]))
    sorted_sources = sources[kept][order]
    place = np.arange(len(order)) - np.searchsorted(sorted_sources, sorted_sources)
    return kept[order[place < most]]


def _table(
    source: Sentences,
    target: Sentences,
    found: Occurrences,
    counts: PhraseCounts,
    linked: LinkedWords,
    scores: Singles,
    kept: Longs,
) -> PhraseTable:
    """Gather what is kept."""
    examples = counts.examples[kept]
    numbers = counts.sources[kept]
    heads = np.flatnonzero(np.concatenate([[True], numbers[1:] != numbers[:-1]])[: len(numbers)])
    source_tokens, source_offsets = _pieces(
        source.tokens, found.sources[examples[heads]], found.source_lengths[examples[heads]]
    )
    target_tokens, target_offsets = _pieces(
        target.tokens, found.targets[examples], found.target_lengths[examples]
    )
    return PhraseTable(
        source_tokens,
        source_offsets,
        np.append(heads, len(kept)).astype(np.int64),
        target_tokens,
        target_offsets,
        scores[kept],
        orientation_logs(found.orientations, counts, kept),
        counts.counts[kept].astype(np.int32),
        _strongest_links(found, examples, linked, len(target_tokens)),
    )


def _pieces(tokens: Ints, starts: Ints, lengths: Bytes) -> tuple[Ints, Longs]:
    """Phrases one after the other, and where each begins."""
    offsets = np.zeros(len(starts) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:], dtype=np.int64)
    places = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], lengths)
    return tokens[places], offsets


@compiled
def _strongest_links(found: Occurrences, examples: Ints, linked: LinkedWords, tokens: int) -> Bytes:
    """For each target token the linked word of greatest t(target | source) in its phrase, or -1."""
    links = np.full(tokens, -1, np.int8)
    number = 0
    for k in examples:
        for j in range(found.target_lengths[k]):
            word = found.targets[k] + j
            most = -1.0
            for q in range(linked.first[word], linked.first[word + 1]):
                if linked.forward[q] > most:
                    most = linked.forward[q]
                    links[number] = linked.sources[q] - found.sources[k]
            number += 1
    return links
