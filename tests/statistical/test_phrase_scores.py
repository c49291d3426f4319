"""Scores of phrase pairs: counted by hand, and against scipy and plain definitions."""

from __future__ import annotations

from collections import Counter
from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from linked_corpus import made_corpus
from scipy.stats import fisher_exact

from latimer.statistical.alignment.align import AlignmentModel, WordAlignment, align
from latimer.statistical.alignment.links import Links
from latimer.statistical.alignment.settings import AlignmentSettings
from latimer.statistical.phrases.extraction import extract
from latimer.statistical.phrases.learn import best_options, learn_phrases
from latimer.statistical.phrases.lexical_weights import linked_words
from latimer.statistical.phrases.phrase_counts import count_pairs
from latimer.statistical.phrases.phrase_order import WIDTH, phrase_order
from latimer.statistical.phrases.phrase_table import PhraseTable, lookup
from latimer.statistical.phrases.settings import PhraseSettings
from latimer.statistical.phrases.significance import cooccurrences, significance
from latimer.statistical.phrases.smoothing import METHODS, discounts
from latimer.statistical.phrases.table_file import in_order
from latimer.statistical.sentences import Sentences

Phrase = tuple[int, ...]


def with_links(source: Sentences, target: Sentences, links: Links) -> WordAlignment:
    """An alignment of other links than its models find."""
    learnt = align(source, target, 4, 4, AlignmentSettings(model="ibm1", rounds=2))
    return WordAlignment(links, learnt.model)


def phrase_of(sentences: Sentences, start: int, length: int) -> Phrase:
    """The tokens of a phrase."""
    return tuple(sentences.tokens[start : start + length].tolist())


def extracted(source: Sentences, target: Sentences, links: Links) -> Counter[tuple[Phrase, Phrase]]:
    """How often each phrase pair was extracted."""
    found = extract(source, target, links, 3)
    return Counter(
        (phrase_of(source, a, m), phrase_of(target, b, n))
        for a, b, m, n in zip(*(field.tolist() for field in found[:4]), strict=True)
    )


def options_of(table: PhraseTable) -> dict[tuple[Phrase, Phrase], int]:
    """The number of each option by its phrases."""
    return {
        (tuple(table.source_phrase(row).tolist()), tuple(table.target_phrase(option).tolist())): (
            option
        )
        for row in range(table.phrases)
        for option in range(table.first[row], table.first[row + 1])
    }


EVERYTHING = PhraseSettings(
    longest=3, options=1000, smoothing="none", significance="none", lexical="mean"
)


def test_a_table_has_all_pairs_their_counts_and_relative_frequencies():
    source, target, links = made_corpus()
    counts = extracted(source, target, links)
    table = learn_phrases(source, target, with_links(source, target, links), EVERYTHING)
    options = options_of(table)
    assert options.keys() == counts.keys()
    assert in_order(table.source_tokens, table.source_offsets)
    by_source, by_target = Counter(), Counter()
    for (phrase, other), times in counts.items():
        by_source[phrase] += times
        by_target[other] += times
    for (phrase, other), option in options.items():
        times = counts[phrase, other]
        assert table.counts[option] == times
        assert table.scores[option, 0] == pytest.approx(log(times / by_source[phrase]), abs=1e-5)
        assert table.scores[option, 1] == pytest.approx(log(times / by_target[other]), abs=1e-5)
    for line in range(source.size):
        spans = lookup(table, source.sentence(line))
        for start, end, row in spans:
            assert source.sentence(line)[start:end].tolist() == table.source_phrase(row).tolist()


def test_lexical_weights_are_those_of_the_most_frequent_links():
    source, target, links = made_corpus()
    alignment = with_links(source, target, links)
    table = learn_phrases(source, target, alignment, EVERYTHING)
    found = extract(source, target, links, 3)
    pair_of = np.searchsorted(source.offsets, found.sources, "right") - 1
    patterns: dict[tuple[Phrase, Phrase], Counter[tuple[tuple[int, int], ...]]] = {}
    for k, pair in enumerate(pair_of):
        m, n = int(found.source_lengths[k]), int(found.target_lengths[k])
        a = int(found.sources[k] - source.offsets[pair])
        b = int(found.targets[k] - target.offsets[pair])
        key = phrase_of(source, found.sources[k], m), phrase_of(target, found.targets[k], n)
        inside = sorted((i - a, j - b) for i, j in links.pair(int(pair)) if a <= i < a + m)
        patterns.setdefault(key, Counter())[tuple(inside)] += 1
    sides = [table_of(alignment.forward.table), table_of(alignment.backward.table)]
    for (phrase, other), option in options_of(table).items():
        most = max(patterns[phrase, other].values())
        usual = [p for p, times in patterns[phrase, other].items() if times == most]
        there = [weight(phrase, other, links, sides[0]) for links in usual]
        back = [weight(other, phrase, [x[::-1] for x in links], sides[1]) for links in usual]
        pairs = list(zip(there, back, strict=True))
        assert any(np.allclose(table.scores[option, 2:], pair, atol=1e-4) for pair in pairs)
        strongest = [
            [
                max(
                    (i for i, at in links if at == j),
                    key=lambda i: sides[0][phrase[i], other[j]],
                    default=-1,
                )
                for j in range(len(other))
            ]
            for links in usual
        ]
        got = [sides[0].get((phrase[i], w)) if i >= 0 else None
               for i, w in zip(table.option_links(option), other, strict=True)]  # fmt: skip
        assert got in [
            [sides[0][phrase[i], w] if i >= 0 else None for i, w in zip(one, other, strict=True)]
            for one in strongest
        ]


def table_of(table) -> dict[tuple[int, int], float]:
    """A lexical table as a dict."""
    return {
        (int(key // table.target_vocab - 1), int(key % table.target_vocab)): float(max(p, 1e-7))
        for key, p in zip(table.keys, table.probabilities, strict=True)
    }


def weight(phrase: Phrase, other: Phrase, links, t: dict[tuple[int, int], float]) -> float:
    """log lex(other | phrase, links), Koehn et al. 2003, equation 8."""
    total = 0.0
    for j, word in enumerate(other):
        linked = [t[phrase[i], word] for i, at in links if at == j]
        total += log(sum(linked) / len(linked) if linked else t[-1, word])
    return total


def test_greatest_lexical_weights():
    source, target, links = made_corpus()
    alignment = with_links(source, target, links)
    table = learn_phrases(source, target, alignment, EVERYTHING.replace(lexical="max"))
    t = table_of(alignment.forward.table)
    for (phrase, other), option in options_of(table).items():
        wanted = sum(log(max(t.get((s, w), 1e-7) for s in (-1, *phrase))) for w in other)
        assert table.scores[option, 2] == pytest.approx(wanted, abs=1e-4)


def test_orientation_is_smoothed_with_that_of_all_pairs():
    source, target, links = made_corpus()
    found = extract(source, target, links, 3)
    keys = [
        (phrase_of(source, a, m), phrase_of(target, b, n))
        for a, b, m, n in zip(*(field.tolist() for field in found[:4]), strict=True)
    ]
    previous, after = np.divmod(found.orientations, 3)
    table = learn_phrases(source, target, with_links(source, target, links), EVERYTHING)
    for key, option in options_of(table).items():
        own = [k for k, one in enumerate(keys) if one == key]
        for column, turns in ((0, previous), (3, after)):
            for o in range(3):
                prior = max((turns == o).mean(), 1e-6)
                wanted = ((turns[own] == o).sum() + 0.5 * prior) / (len(own) + 0.5)
                assert table.orientation[option, column + o] == pytest.approx(log(wanted), abs=1e-3)


@given(st.data())
@settings(deadline=None, max_examples=100)
def test_significance_is_that_of_scipy(data):
    sentences = data.draw(st.integers(1, 60))
    one, other = (data.draw(st.integers(1, sentences)) for _ in range(2))
    both = data.draw(st.integers(max(0, one + other - sentences), min(one, other)))
    table = [[both, one - both], [other - both, sentences - one - other + both]]
    wanted = -log(fisher_exact(table, alternative="greater").pvalue)
    rows = np.array([[both, one, other]], np.int32)
    assert significance(rows, sentences)[0] == pytest.approx(wanted, rel=1e-6, abs=1e-9)


def test_phrases_are_counted_once_a_sentence():
    source, target, links = made_corpus()
    orders = phrase_order(source, 3), phrase_order(target, 3)
    found = extract(source, target, links, 3)
    linked = linked_words(source, target, with_links(source, target, links))
    counts = count_pairs(found, *orders, linked)
    together = cooccurrences(source, target, *orders, counts)

    def holds(sentences: Sentences, order, number: int, line: int) -> bool:
        length = number % WIDTH
        start = int(order.order[number // WIDTH])
        phrase = phrase_of(sentences, start, length)
        words = sentences.sentence(line).tolist()
        return any(tuple(words[i : i + length]) == phrase for i in range(len(words)))

    for n, (one, other) in enumerate(zip(counts.sources, counts.targets, strict=True)):
        has = [holds(source, orders[0], int(one), line) for line in range(source.size)]
        with_target = [holds(target, orders[1], int(other), line) for line in range(source.size)]
        both = sum(a and b for a, b in zip(has, with_target, strict=True))
        assert together[n].tolist() == [both, sum(has), sum(with_target)]


@pytest.mark.parametrize("threshold", ["alpha-epsilon", "alpha+epsilon"])
def test_the_threshold_decides_about_pairs_that_occur_once(threshold):
    # Word n of the source is always linked to word n of the target; 8 and 9 occur once.
    source = Sentences.of([[0, 1], [0, 2], [1, 2], [8, 0], [1, 9]])
    settings = AlignmentSettings(model="ibm1", rounds=2)
    learnt = align(source, source, 10, 10, settings)
    pairs = [(i, i) for _ in range(5) for i in range(2)]
    sides = (np.array([p[k] for p in pairs], np.int32) for k in (0, 1))
    alignment = WordAlignment(Links(np.arange(0, 11, 2), *sides), learnt.model)
    chosen = PhraseSettings(longest=1, smoothing="none", significance=threshold)
    found = options_of(learn_phrases(source, source, alignment, chosen))
    assert (((8,), (8,)) in found) == (threshold == "alpha-epsilon")


@pytest.mark.parametrize("method", sorted(METHODS))
def test_probabilities_sum_to_at_most_one(method):
    source, target, links = made_corpus()
    settings = EVERYTHING.replace(smoothing=method)
    table = learn_phrases(source, target, with_links(source, target, links), settings)
    sums = np.add.reduceat(np.exp(table.scores[:, 0].astype(float)), table.first[:-1])
    assert (sums < 1 + 1e-5).all()
    assert (sums > 0).all()


def test_kneser_ney_by_hand():
    counts = np.array([4, 1, 1, 2, 1, 3])
    totals = np.array([5, 5, 3, 3, 4, 4])
    given_, kinds = np.array([0, 0, 1, 1, 2, 2]), np.array([2, 1, 1, 2, 2, 1])
    # n1 = 3, n2 = n3 = n4 = 1: Y = 3/5, D1 = 1 - 2/5, D2 = 2 - 9/5, D3+ = 3 - 12/5.
    assert discounts(counts)[1:] == pytest.approx([0.6, 0.2, 0.6])
    p = METHODS["kneser-ney"](counts, totals, given_, kinds)
    assert p[0] == pytest.approx((4 - 0.6) / 5 + (0.6 + 0.6) / 5 * 2 / 6)
    assert p[3] == pytest.approx((2 - 0.2) / 3 + (0.6 + 0.2) / 3 * 2 / 6)


def test_good_turing_by_hand():
    counts, totals = np.array([1, 1, 1, 1, 2, 2, 9]), np.full(7, 20)
    p = METHODS["good-turing"](counts, totals, np.zeros(7, int), np.ones(7, int))
    # 1* = 2 n2 / n1 = 1; 2 stays, for there is no pair that occurs three times.
    assert p == pytest.approx(np.array([1, 1, 1, 1, 2, 2, 9]) / 20)


def test_the_best_options_of_each_phrase_are_kept():
    sources = np.array([1, 1, 1, 2])
    scores = np.log(np.array([[0.2] * 4, [0.5] * 4, [0.3] * 4, [0.1] * 4])).astype(np.float32)
    assert best_options(sources, scores, np.arange(4), 2).tolist() == [1, 2, 3]


def test_a_corpus_without_links_has_an_empty_table():
    source = Sentences.of([[0], []])
    learnt = align(source, source, 1, 1, AlignmentSettings())
    none = Links(np.zeros(3, np.int64), np.zeros(0, np.int32), np.zeros(0, np.int32))
    alignment = WordAlignment(none, AlignmentModel(*learnt.model))
    table = learn_phrases(source, source, alignment, PhraseSettings())
    assert table.phrases == table.options == 0
    assert lookup(table, np.array([0], np.int32)).shape == (0, 3)
