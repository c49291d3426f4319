"""Lexical weights of phrase pairs (Koehn, Och & Marcu 2003, section 3.3).

lex(t | s, a) = Π_j 1/|{i : (i, j) ∈ a}| Σ_{(i, j) ∈ a} w(t_j | s_i), with w(t_j | NULL) where t_j
has no link; the other direction likewise. With `greatest`, the greatest w(t_j | s_i) of all words
s_i of the phrase and NULL stands in the place of the mean, whatever the links.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from latimer.compiled import compiled
from latimer.statistical.alignment.align import WordAlignment
from latimer.statistical.alignment.word_pairs import LexicalTable, probability
from latimer.statistical.arrays import Array, Ints, Longs, Singles
from latimer.statistical.phrases.extraction import Occurrences
from latimer.statistical.sentences import Sentences


class LinkedWords(NamedTuple):
    """The links of a corpus by target token, with their lexical probabilities.

    first: `[target tokens + 1]` int64; sources: `[links]` int32 position in the source tokens of
    the corpus; forward, backward: `[links]` w(t | s) and w(s | t); source_null, target_null:
    w(word | NULL) of every token.
    """

    first: Longs
    sources: Ints
    forward: Singles
    backward: Singles
    source_null: Singles
    target_null: Singles


def linked_words(source: Sentences, target: Sentences, alignment: WordAlignment) -> LinkedWords:
    """Look the probabilities of all links up."""
    links = alignment.links
    times = np.diff(links.offsets)
    sources = links.sources + np.repeat(source.offsets[:-1], times)
    targets = links.targets + np.repeat(target.offsets[:-1], times)
    first = np.searchsorted(targets, np.arange(len(target.tokens) + 1))
    words, others = source.tokens[sources], target.tokens[targets]
    forward, backward = alignment.forward.table, alignment.backward.table
    nothing = np.full(1, -1, np.int32)
    return LinkedWords(
        first.astype(np.int64),
        sources.astype(np.int32),
        look_up(*forward, words, others),
        look_up(*backward, others, words),
        look_up(*backward, nothing, source.tokens),
        look_up(*forward, nothing, target.tokens),
    )


@compiled
def look_up(
    keys: Longs, probabilities: Array, rows: Longs, target_vocab: int, words: Ints, others: Ints
) -> Singles:
    """t(other | word) of a `LexicalTable` for all others; one word stands for all."""
    found = np.empty(len(others), np.float32)
    for k in range(len(others)):
        word = words[k if len(words) > 1 else 0]
        found[k] = probability(keys, probabilities, rows, target_vocab, word, others[k])
    return found


@compiled
def mean_weights(found: Occurrences, examples: Ints, linked: LinkedWords) -> Singles:
    """Natural logarithms of lex(t | s) and lex(s | t) of some occurrences, `[2, examples]`."""
    weights = np.empty((2, len(examples)), np.float32)
    sums, times = np.empty(128), np.empty(128)
    for n in range(len(examples)):
        k = examples[n]
        length = found.source_lengths[k]
        sums[:length] = 0
        times[:length] = 0
        forward, backward = 0.0, 0.0
        for j in range(found.target_lengths[k]):
            word = found.targets[k] + j
            begin, end = linked.first[word], linked.first[word + 1]
            total = 0.0
            for q in range(begin, end):
                i = linked.sources[q] - found.sources[k]
                sums[i] += linked.backward[q]
                times[i] += 1
                total += linked.forward[q]
            forward += np.log(total / (end - begin) if end > begin else linked.target_null[word])
        for i in range(length):
            word = found.sources[k] + i
            backward += np.log(sums[i] / times[i] if times[i] else linked.source_null[word])
        weights[0, n], weights[1, n] = forward, backward
    return weights


def greatest_weights(
    source: Sentences,
    target: Sentences,
    found: Occurrences,
    examples: Ints,
    forward: LexicalTable,
    backward: LexicalTable,
) -> Singles:
    """As `mean_weights`, with the greatest probability of each word."""
    spans = [field[examples] for field in found[:4]]
    swapped = [spans[1], spans[0], spans[3], spans[2]]
    return np.stack(
        [
            _greatest(source.tokens, target.tokens, *spans, *forward),
            _greatest(target.tokens, source.tokens, *swapped, *backward),
        ]
    )


@compiled
def _greatest(
    words: Ints,
    others: Ints,
    starts: Ints,
    other_starts: Ints,
    lengths: Array,
    other_lengths: Array,
    keys: Longs,
    probabilities: Array,
    rows: Longs,
    target_vocab: int,
) -> Singles:
    """Log Π_j max(t(t_j | NULL), max_i t(t_j | s_i)) of every phrase pair."""
    weights = np.empty(len(starts), np.float32)
    table = (keys, probabilities, rows, target_vocab)
    for k in range(len(starts)):
        weight = 0.0
        for j in range(other_lengths[k]):
            other = others[other_starts[k] + j]
            most = probability(*table, -1, other)
            for i in range(lengths[k]):
                most = max(most, probability(*table, words[starts[k] + i], other))
            weight += np.log(most)
        weights[k] = weight
    return weights
