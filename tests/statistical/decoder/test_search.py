"""The decoder against all ways to translate a short sentence, listed one by one."""

import itertools

import numpy as np
import pytest

from latimer.errors import InputError
from latimer.statistical.decoder.decoder import Decoder, ForcedPhrase
from latimer.statistical.decoder.features import FEATURES, weight_array, weights_by_name
from latimer.statistical.decoder.search import Limits
from latimer.statistical.language_model.model import NgramModel
from latimer.statistical.phrases.phrase_table import PhraseTable
from latimer.statistical.sentences import Sentences

SOURCES, TARGETS = 4, 5
WIDE = Limits(4000, 30, 1e9)


def random_table(random, longest=2, unknown=()):
    """A table with phrases of random translations; some words have none."""
    phrases = [
        p
        for n in range(1, longest + 1)
        for p in itertools.product(range(SOURCES), repeat=n)
        if not set(p) & set(unknown) and (n == 1 or random.random() < 0.5)
    ]
    phrases.sort()
    options = [int(random.integers(1, 4)) for _ in phrases]
    targets = [
        random.integers(0, TARGETS, random.integers(1, 3)).tolist() for _ in range(sum(options))
    ]
    total = sum(options)
    return PhraseTable(
        np.array([t for p in phrases for t in p], np.int32),
        np.cumsum([0, *map(len, phrases)]),
        np.cumsum([0, *options]),
        np.array([t for one in targets for t in one], np.int32),
        np.cumsum([0, *map(len, targets)]),
        np.log(random.uniform(0.05, 1, (total, 4))).astype(np.float32),
        np.log(random.uniform(0.1, 1, (total, 6))).astype(np.float32),
        np.ones(total, np.int32),
        np.zeros(sum(map(len, targets)), np.int8),
    )


def setting(seed, **kwargs):
    random = np.random.default_rng(seed)
    text = [random.integers(0, TARGETS, random.integers(2, 7)).tolist() for _ in range(30)]
    model = NgramModel.learn(Sentences.of(text), TARGETS, 3)
    weights = weight_array(
        {name: float(random.uniform(0.1, 0.6)) for name in FEATURES} | {"unknown": 2.0}
    )
    return Decoder(random_table(random, **kwargs), model, weights)


def ways(decoder, tokens, window):
    """Every derivation: (score, target tokens, features)."""
    table, weights, symbols = decoder.table, decoder.weights, decoder.symbols
    rows = {tuple(table.source_phrase(r).tolist()): r for r in range(table.phrases)}
    n = len(tokens)

    def options(start, end):
        row = rows.get(tuple(tokens[start:end]))
        if row is not None:
            for option in range(table.first[row], table.first[row + 1]):
                yield option, table.target_phrase(option).tolist()
        elif end == start + 1:
            yield -2, [symbols + start]

    def grow(covered, last, last_option, output, features):
        if len(covered) == n:
            known = [t if t < TARGETS else -1 for t in output]
            done = features.copy()
            done[0] += decoder.model.score(known)
            yield float(done @ weights), output, done
            return
        gap = min(set(range(n)) - covered)
        for start in range(gap, min(n, gap + window + 1)):
            for end in range(start + 1, n + 1):
                if covered & set(range(start, end)):
                    break
                for option, words in options(start, end):
                    more = features.copy()
                    way = 0 if start == last[1] else 1 if end == last[0] else 2
                    more[5] -= 1
                    more[6] += len(words)
                    more[7] -= abs(start - last[1])
                    more[8] -= option == -2
                    if option >= 0:
                        more[1:5] += table.scores[option]
                        more[9 + way] += table.orientation[option, way]
                    if last_option is not None and last_option >= 0:
                        more[12 + way] += table.orientation[last_option, 3 + way]
                    yield from grow(
                        covered | set(range(start, end)), (start, end), option, output + words, more
                    )

    return sorted(
        grow(frozenset(), (0, 0), None, [], np.zeros(len(FEATURES))), key=lambda one: -one[0]
    )


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("window", [0, 1, 4])
def test_a_wide_search_finds_the_best_of_all_ways(seed, window):
    decoder = setting(seed, unknown=(3,) if seed % 2 else ())
    tokens = np.random.default_rng(seed + 100).integers(0, SOURCES, 4).tolist()
    every = ways(decoder, tokens, window)
    best = decoder.derivations(tokens, Limits(4000, window, 1e9))[0]
    assert best.score == pytest.approx(every[0][0], abs=1e-4)
    assert best.score == pytest.approx(float(best.features @ decoder.weights), abs=1e-4)
    np.testing.assert_allclose(best.features, every[0][2], atol=1e-4)
    assert best.tokens == every[0][1]


@pytest.mark.parametrize("seed", range(4))
def test_lists_of_the_best_are_complete_and_in_order(seed):
    decoder = setting(seed)
    tokens = np.random.default_rng(seed + 50).integers(0, SOURCES, 3).tolist()
    every = ways(decoder, tokens, 4)
    count = min(40, len(every))
    found = decoder.derivations(tokens, WIDE, count)
    np.testing.assert_allclose(
        [one.score for one in found], [one[0] for one in every[:count]], atol=1e-4
    )
    for one in found:
        assert one.score == pytest.approx(float(one.features @ decoder.weights), abs=1e-4)
    whole = decoder.derivations(tokens, WIDE, 10 * len(every))
    assert len(whole) == len(every)


def test_a_narrow_search_is_no_better_and_its_score_is_true():
    decoder = setting(7)
    tokens = np.random.default_rng(3).integers(0, SOURCES, 12).tolist()
    scores = [decoder.derivations(tokens, Limits(w, 3, 1e9))[0].score for w in (1, 3, 10, 300)]
    assert max(scores) == pytest.approx(scores[-1], abs=1e-5)
    for one in decoder.derivations(tokens, Limits(3, 3, 10.0), 5):
        assert one.score == pytest.approx(float(one.features @ decoder.weights), abs=1e-3)


def test_unknown_words_are_copied_in_place():
    decoder = setting(1, unknown=(3,))
    copies = [
        token - decoder.symbols
        for token in decoder.derivations([3, 0, -1, 1], Limits(50, 0, 10.0))[0].tokens
        if token >= decoder.symbols
    ]
    assert copies == [0, 2]


def test_forced_phrases_are_there_whatever_they_cost():
    decoder = setting(2)
    forced = [ForcedPhrase(1, 3, [4, 4, 4])]
    best = decoder.derivations([0, 1, 2, 0], WIDE, 1, forced)[0]
    step = next(one for one in best.steps if one.start == 1)
    assert (step.end, step.tokens, step.option) == (3, [4, 4, 4], -1)
    assert all(one.end <= 1 or one.start >= 3 or one is step for one in best.steps)


def test_long_sentences_are_translated_in_parts_with_their_copies_and_forced_phrases():
    decoder = setting(5, unknown=(3,))
    tokens = np.random.default_rng(0).integers(0, SOURCES, 150).tolist()
    first = decoder.symbols + len(tokens)  # a token that no vocabulary has
    forced = [ForcedPhrase(60, 64, [first]), ForcedPhrase(149, 150, [first + 1])]
    best = decoder.derivations(tokens, Limits(20, 2, 10.0), 1, forced)[0]
    covered = sorted(place for step in best.steps for place in range(step.start, step.end))
    assert covered == list(range(150))
    for step in best.steps:
        if step.option == -2:
            assert step.tokens == [decoder.symbols + step.start]
            assert tokens[step.start] == 3
    found = {(one.start, one.end): one.tokens for one in best.steps if one.option == -1}
    assert found == {(60, 64): [first], (149, 150): [first + 1]}


def test_nothing_becomes_nothing():
    assert setting(0).derivations([], WIDE)[0].tokens == []


def test_weights_have_names():
    assert weights_by_name(weight_array({"language": 0.5}))["language"] == 0.5
    with pytest.raises(InputError, match="no feature 'fluency'"):
        weight_array({"fluency": 1.0})
