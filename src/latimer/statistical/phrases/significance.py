"""Pruning by significance (Johnson, Martin, Foster & Kuhn 2007).

Fisher's exact test asks how probable it is that phrases s and t, which occur in C(s) and C(t) of N
sentence pairs, occur together in C(s, t) or more of them by chance:
p = Σ_{k ≥ C(s, t)} C(C(s), k) · C(N - C(s), C(t) - k) / C(N, C(t)). A pair that occurs once, as do
both its phrases, has p = 1/N; α = log N is its significance -log p.
"""

from __future__ import annotations

from math import lgamma
from typing import Final

import numpy as np

from latimer.compiled import compiled
from latimer.statistical.arrays import Floats, Ints, Longs
from latimer.statistical.phrases.phrase_counts import PhraseCounts
from latimer.statistical.phrases.phrase_order import WIDTH, PhraseOrder
from latimer.statistical.sentences import Sentences

EPSILON: Final = {"alpha-epsilon": -1e-6, "alpha+epsilon": 1e-6}
"""What is added to α to make the least significance that is kept."""


def significant(
    source: Sentences,
    target: Sentences,
    source_order: PhraseOrder,
    target_order: PhraseOrder,
    counts: PhraseCounts,
    threshold: str,
) -> Longs:
    """The numbers of the pairs that are significant enough, sorted; all with `none`."""
    if threshold not in EPSILON:
        return np.arange(len(counts.sources))
    together = cooccurrences(source, target, source_order, target_order, counts)
    least = np.log(source.size) + EPSILON[threshold]
    return np.flatnonzero(significance(together, source.size) >= least)


def log_factorials(most: int) -> Floats:
    """Log n! for n from 0 to `most`."""
    return np.array([lgamma(n + 1.0) for n in range(most + 1)])


def significance(together: Ints, sentences: int) -> Floats:
    """-log p of each row (C(s, t), C(s), C(t)) `[pairs, 3]`."""
    return _significance(together, sentences, log_factorials(sentences))


@compiled
def _significance(together: Ints, sentences: int, factorial: Floats) -> Floats:
    """`significance`; factorial: `log_factorials(sentences)`."""
    found = np.empty(len(together))
    for n in range(len(together)):
        both, one, other = together[n]
        log_all = factorial[sentences] - factorial[other] - factorial[sentences - other]
        fixed = factorial[one] + factorial[sentences - one] - log_all
        most, total = 0.0, 0.0
        for k in range(both, min(one, other) + 1):
            if sentences - one - other + k < 0:
                continue
            value = (
                fixed
                - (factorial[k] + factorial[one - k])
                - (factorial[other - k] + factorial[sentences - one - other + k])
            )
            if total == 0.0:
                most = value
            total += np.exp(value - most)
            if value < most - 40:
                break
        found[n] = -(most + np.log(total))
    return found


def cooccurrences(
    source: Sentences,
    target: Sentences,
    source_order: PhraseOrder,
    target_order: PhraseOrder,
    counts: PhraseCounts,
) -> Ints:
    """In how many sentence pairs both phrases, the source and the target occur: `[pairs, 3]`."""
    one, other = (
        np.repeat(np.arange(side.size, dtype=np.int32), np.diff(side.offsets))
        for side in (source, target)
    )
    return _cooccurrences(
        source_order, target_order, one, other, target.offsets, counts.sources, counts.targets
    )


@compiled
def _cooccurrences(
    source_order: PhraseOrder,
    target_order: PhraseOrder,
    source_sentence: Ints,
    target_sentence: Ints,
    target_offsets: Longs,
    sources: Longs,
    targets: Longs,
) -> Ints:
    """`cooccurrences`; source_sentence, target_sentence: of each token.

    Whichever is the shorter way: the occurrences of t are looked up among the sentences of s, or
    the sentences of s are searched for t.
    """
    together = np.zeros((len(sources), 3), np.int32)
    has_source = np.full(len(target_offsets) - 1, -1, np.int64)
    seen = np.full(len(target_offsets) - 1, -1, np.int64)
    known = np.zeros(target_order.times.shape, np.int32)
    for n in range(len(sources)):
        place, length = sources[n] // WIDTH, sources[n] % WIDTH
        end = place + source_order.times[length - 1, place]
        if n and sources[n] == sources[n - 1]:
            together[n, 1] = together[n - 1, 1]
        else:
            occurrences = source_order.order[place:end]
            together[n, 1] = _mark(has_source, occurrences, source_sentence, n)
            owner = n
        other, width = targets[n] // WIDTH, targets[n] % WIDTH
        times = target_order.times[width - 1, other]
        if not known[width - 1, other]:
            occurrences = target_order.order[other : other + times]
            known[width - 1, other] = _mark(seen, occurrences, target_sentence, -2 - n)
        together[n, 2] = known[width - 1, other]
        if times <= 8 * (end - place):
            for at in range(other, other + times):
                sentence = target_sentence[target_order.order[at]]
                if has_source[sentence] == owner and seen[sentence] != n:
                    seen[sentence] = n
                    together[n, 0] += 1
            continue
        for at in range(place, end):
            sentence = source_sentence[source_order.order[at]]
            if seen[sentence] == n:
                continue
            seen[sentence] = n
            for position in range(target_offsets[sentence], target_offsets[sentence + 1]):
                if target_order.places[width - 1, position] == other:
                    together[n, 0] += 1
                    break
    return together


@compiled
def _mark(marks: Longs, occurrences: Ints, sentence_of: Ints, mark: int) -> int:
    """Mark the sentences of some positions; returns how many there are."""
    number = 0
    for position in occurrences:
        sentence = sentence_of[position]
        if marks[sentence] != mark:
            marks[sentence] = mark
            number += 1
    return number
