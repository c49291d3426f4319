"""IBM models 1 and 2 and the HMM against enumeration, hand-worked numbers and nltk."""

from __future__ import annotations

from itertools import pairwise
from math import exp, log

import numpy as np
import pytest
from enumerated import best_alignment, diagonal, markov, posterior_counts, uniform
from nltk.translate import AlignedSent, IBMModel1

from latimer.errors import InputError, SettingError
from latimer.statistical.alignment.align import align
from latimer.statistical.alignment.direction import DirectionalModel, learn_direction, link_words
from latimer.statistical.alignment.hmm import (
    UNIFORM_SHARE,
    WIDEST,
    Jumps,
    expect_hmm,
    first_jumps,
)
from latimer.statistical.alignment.ibm import UNIFORM, expect, fit_model_1, steepness
from latimer.statistical.alignment.settings import AlignmentSettings
from latimer.statistical.alignment.word_pairs import FLOOR, LexicalTable, probability, word_pairs
from latimer.statistical.sentences import Sentences

PAIRS = [([0, 1], [1, 0]), ([1, 2, 0], [2, 1]), ([2], [0, 2, 2]), ([], [1]), ([0, 0, 2, 1], [1, 2])]
SOURCE, TARGET = (Sentences.of([pair[side] for pair in PAIRS]) for side in (0, 1))
NULL = 0.08


def made_table(seed: int = 3) -> tuple[LexicalTable, dict[tuple[int, int], float]]:
    """Random t(target | source) for all word pairs of PAIRS, also as a dict."""
    pairs = word_pairs(SOURCE, TARGET, 3, 3)
    values = np.random.default_rng(seed).random(len(pairs.keys))
    table = LexicalTable(pairs.keys, values, pairs.rows, 3)
    return table, {
        (int(k // 3 - 1), int(k % 3)): v for k, v in zip(pairs.keys, values, strict=True)
    }


def test_word_pairs_are_those_that_occur_together():
    pairs = word_pairs(SOURCE, TARGET, 3, 3)
    wanted = {(-1, t) for _, target in PAIRS for t in target}
    wanted |= {(s, t) for source, target in PAIRS for s in source for t in target}
    assert pairs.keys.tolist() == sorted((s + 1) * 3 + t for s, t in wanted)
    at = 0
    for source, target in PAIRS:
        for s in [-1, *source]:
            for t in target:
                assert pairs.keys[pairs.entries[at]] == (s + 1) * 3 + t
                at += 1
    assert at == len(pairs.entries) == pairs.first[-1]


def test_many_word_pairs():
    random = np.random.default_rng(0)
    source = Sentences.of(random.integers(0, 400, (2000, 9)).tolist())
    target = Sentences.of(random.integers(0, 500, (2000, 8)).tolist())
    pairs = word_pairs(source, target, 400, 500)
    first = source.tokens.reshape(2000, 9, 1).astype(np.int64) + 1
    keys = first * 500 + target.tokens.reshape(2000, 1, 8)
    assert np.array_equal(pairs.keys, np.unique([*np.unique(target.tokens), *keys.ravel()]))
    found = pairs.keys[pairs.entries].reshape(2000, 10, 8)[:, 1:]
    assert np.array_equal(found, keys)


def test_a_table_knows_its_pairs_only():
    table, values = made_table()
    for source in range(-2, 5):
        for target in range(-1, 5):
            wanted = values.get((source, target), FLOOR)
            assert probability(table, source, target) == pytest.approx(wanted)


@pytest.mark.parametrize("tension", [UNIFORM, 0.0, 2.5])
def test_expected_counts_of_the_models_are_those_of_enumeration(tension):
    _, values = made_table()
    prior = uniform if tension == UNIFORM else diagonal(NULL, tension)
    # A sentence without words has NULL alone, whatever its prior.
    pairs = [pair for pair in PAIRS if pair[0]]
    source, target = (Sentences.of([pair[side] for pair in pairs]) for side in (0, 1))
    numbered = word_pairs(source, target, 3, 3)
    some = np.array([values[int(k // 3 - 1), int(k % 3)] for k in numbered.keys])
    counts = np.zeros(len(some))
    likelihood, distance = expect(numbered, some, tension, NULL, counts)
    wanted, whole = posterior_counts(pairs, lambda s, t: values[s, t], prior)
    assert likelihood == pytest.approx(log(whole))
    for key, count in zip(numbered.keys, counts, strict=True):
        assert count == pytest.approx(wanted[int(key // 3 - 1), int(key % 3)])
    assert 0 < distance < sum(len(pair[1]) for pair in pairs)


def test_expected_counts_of_the_hmm_are_those_of_enumeration():
    _, values = made_table()
    widths = np.random.default_rng(5).random(2 * WIDEST + 1)
    prior = markov(NULL, UNIFORM_SHARE, lambda width: widths[WIDEST + width])
    pairs = [pair for pair in PAIRS if pair[0]]
    source, target = (Sentences.of([pair[side] for pair in pairs]) for side in (0, 1))
    numbered = word_pairs(source, target, 3, 3)
    some = np.array([values[int(k // 3 - 1), int(k % 3)] for k in numbered.keys])
    counts, jumps = np.zeros(len(some)), np.zeros(len(widths))
    likelihood = expect_hmm(numbered, some, Jumps(widths, NULL), counts, jumps)
    wanted, whole = posterior_counts(pairs, lambda s, t: values[s, t], prior)
    assert likelihood == pytest.approx(log(whole))
    for key, count in zip(numbered.keys, counts, strict=True):
        assert count == pytest.approx(wanted[int(key // 3 - 1), int(key % 3)])
    # The gradient of the likelihood in log c(width) is the expected count of the width, less its
    # share under the prior; what is checked here is the expected count, by a change of the weight.
    linked = sum(count for (word, _), count in wanted.items() if word >= 0)
    assert 0 < jumps.sum() < linked


def test_only_jumps_that_the_sentences_allow_are_counted():
    numbered = word_pairs(*(Sentences.of([[0, 1]]),) * 2, 2, 2)
    counts, jumps = np.zeros(len(numbered.keys)), np.zeros(2 * WIDEST + 1)
    table = np.full(len(numbered.keys), 1e-12)
    table[[2, 5]] = 1.0  # t(0 | 0) and t(1 | 1): the alignment is certain, two steps of width 1
    expect_hmm(numbered, table, first_jumps(NULL), counts, jumps)
    weights = [exp(-0.5 * abs(width - 1)) for width in range(-1, 3)]
    shares = []
    for sizes in ((2, 3), (1, 2)):  # from the start to 1 or 2, from 1 to 1 or 2
        jump = (1 - UNIFORM_SHARE) * weights[2] / sum(weights[k] for k in sizes)
        shares.append(jump / (jump + UNIFORM_SHARE / 2))
    assert jumps[WIDEST + 1] == pytest.approx(sum(shares))
    assert jumps.sum() == pytest.approx(sum(shares))


@pytest.mark.parametrize("seed", range(4))
def test_links_are_those_of_the_most_probable_alignment(seed):
    table, values = made_table(seed)
    widths = np.random.default_rng(seed).random(2 * WIDEST + 1)
    models = {
        "ibm2": (2.5, Jumps(np.zeros(0), NULL), diagonal(NULL, 2.5)),
        "hmm": (
            2.5,
            Jumps(widths, NULL),
            markov(NULL, UNIFORM_SHARE, lambda width: widths[WIDEST + width]),
        ),
    }
    for tension, jumps, prior in models.values():
        model = DirectionalModel(table, tension, jumps, ())
        found = link_words(model, SOURCE, TARGET)
        at = 0
        for source, target in PAIRS:
            if source:
                best = best_alignment(source, target, lambda s, t: values[s, t], prior)
                assert found[at : at + len(target)].tolist() == [i - 1 for i in best]
            else:
                assert (found[at : at + len(target)] == -1).all()
            at += len(target)


def test_model_1_by_hand():
    """das Haus - the house, das Buch - the book, ein Buch - a book, without NULL: one round.

    From uniform t, every word of a pair of two shares each target word by half, so that after one
    round t(the | das) = (1/2 + 1/2) / 2 = 1/2 and t(house | das) = 1/4. NULL has a third of all.
    """
    source = Sentences.of([[0, 1], [0, 2], [3, 2]])
    target = Sentences.of([[0, 1], [0, 2], [3, 2]])
    pairs = word_pairs(source, target, 4, 4)
    table = np.ones(len(pairs.keys))
    fit_model_1(pairs, table, AlignmentSettings(model="ibm1", rounds=1, smoothing=0.0))
    lexical = LexicalTable(pairs.keys, table, pairs.rows, 4)
    assert probability(lexical, 0, 0) == pytest.approx(1 / 2)
    assert probability(lexical, 0, 1) == pytest.approx(1 / 4)
    assert probability(lexical, 1, 0) == pytest.approx(1 / 2)
    assert probability(lexical, -1, 0) == pytest.approx(1 / 3)
    assert probability(lexical, -1, 3) == pytest.approx(1 / 6)


def test_model_1_is_that_of_nltk():
    # A target word that is repeated within a sentence would count twice in nltk's normaliser.
    pairs = [([0, 1], [1, 0]), ([1, 2, 0], [2, 1]), ([2], [0, 2]), ([0, 0, 2, 1], [1, 2])]
    source, target = (Sentences.of([pair[side] for pair in pairs]) for side in (0, 1))
    numbered = word_pairs(source, target, 3, 3)
    table = np.ones(len(numbered.keys))
    fit_model_1(numbered, table, AlignmentSettings(model="ibm1", rounds=6, smoothing=0.0))
    theirs = IBMModel1([AlignedSent(list(t), list(s)) for s, t in pairs], 6).translation_table
    lexical = LexicalTable(numbered.keys, table, numbered.rows, 3)
    for key in numbered.keys:
        s, t = int(key // 3 - 1), int(key % 3)
        assert probability(lexical, s, t) == pytest.approx(theirs[t][s if s >= 0 else None])


def made_corpus() -> tuple[Sentences, Sentences]:
    """Word i of 30 is translated by word i, in the opposite order one time in three."""
    random = np.random.default_rng(2)
    source = [random.integers(0, 30, random.integers(2, 9)).tolist() for _ in range(400)]
    target = [line[::-1] if n % 3 == 0 else line for n, line in enumerate(source)]
    return Sentences.of(source), Sentences.of(target)


@pytest.mark.parametrize("model", ["ibm1", "ibm2", "hmm"])
def test_the_likelihood_never_falls_within_a_model(model):
    settings = AlignmentSettings(model=model, rounds=6, smoothing=0.0)
    learnt, _ = learn_direction(*made_corpus(), 30, 30, settings)
    last = learnt.likelihoods[-6:]
    assert all(after > before - 1e-6 for before, after in pairwise(last))
    assert last[-1] > last[0] + 1


@pytest.mark.parametrize("model", ["ibm1", "ibm2", "hmm"])
def test_each_source_word_has_a_distribution(model):
    learnt, _ = learn_direction(*made_corpus(), 30, 30, AlignmentSettings(model=model, rounds=2))
    rows = learnt.table.rows
    for row in range(31):
        assert learnt.table.probabilities[rows[row] : rows[row + 1]].sum() == pytest.approx(1)


def test_the_tension_has_the_mean_distance_asked_for():
    shapes, times = np.array([[4, 3], [7, 7], [0, 2]]), np.array([2, 5, 1])

    def mean_distance(tension: float) -> float:
        total = tokens = 0.0
        for (length, others), often in zip(shapes[:2], times[:2], strict=True):
            for j in range(1, others + 1):
                far = [abs(i / length - j / others) for i in range(1, length + 1)]
                near = [exp(-tension * one) for one in far]
                total += often * sum(a * b for a, b in zip(far, near, strict=True)) / sum(near)
                tokens += often
        return total / tokens

    for tension in (0.5, 3.0, 9.0):
        assert steepness(shapes, times, 4.0, mean_distance(tension)) == pytest.approx(tension, 1e-3)


@pytest.mark.parametrize("model", ["ibm1", "ibm2", "hmm"])
def test_words_are_linked_to_their_translations(model):
    source, target = made_corpus()
    learnt = align(source, target, 30, 30, AlignmentSettings(model=model))
    right = total = 0
    for number in range(source.size):
        words, others = source.sentence(number), target.sentence(number)
        links = learnt.links.pair(number)
        right += sum(words[i] == others[j] for i, j in links)
        total += len(links)
    assert right / total > 0.98
    again = align(source, target, 30, 30, AlignmentSettings(model=model))
    assert np.array_equal(again.links.sources, learnt.links.sources)
    assert np.array_equal(again.forward.table.probabilities, learnt.forward.table.probabilities)


def test_a_learnt_model_links_new_pairs_and_unknown_words():
    source, target = made_corpus()
    learnt = align(source, target, 30, 30, AlignmentSettings())
    same = learnt.model.align_pairs(source, target)
    assert all(np.array_equal(a, b) for a, b in zip(same, learnt.links, strict=True))
    new = learnt.model.align_pairs(Sentences.of([[4, -1, 9], [5]]), Sentences.of([[4, -1, 9], []]))
    assert {(0, 0), (2, 2)} <= set(new.pair(0))
    assert new.pair(1) == []


def test_sides_of_different_length_and_unknown_settings_are_refused():
    with pytest.raises(InputError, match="2 source sentences but 1 target"):
        align(Sentences.of([[0], [0]]), Sentences.of([[0]]), 1, 1, AlignmentSettings())
    with pytest.raises(SettingError, match="allowed: one of ibm1, ibm2, hmm"):
        AlignmentSettings(model="ibm3")
