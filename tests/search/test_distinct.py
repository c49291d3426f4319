"""Sampling without replacement against the enumerated distribution."""

import itertools
import math
from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from searches import sample_distinct
from tables import log_prob, random_table, sources

from latimer.search.counters import text_key
from latimer.search.distinct import conditioned, log_chances
from latimer.search.strategies import Sampling
from latimer.text.vocabulary.subwords import BOS, EOS, UNK

LIMIT = 3


def everything(scorer, temperature=1.0):
    """All sequences of two words and at most LIMIT tokens, cut off or not, with their chances."""
    found = {}
    for length in range(1, LIMIT + 1):
        for words in itertools.product([4, 5], repeat=length - 1):
            for last in [3, 4, 5] if length == LIMIT else [3]:
                chance, history = 1.0, [BOS, BOS]
                for token in (*words, last):
                    row = scorer.table[0, history[-2], history[-1], 3:].double() / temperature
                    chance *= float(row.softmax(0)[token - 3])
                    history.append(token)
                found[tuple(history[2:])] = chance
    assert sum(found.values()) == pytest.approx(1)
    return found


def written(hypothesis):
    return (*hypothesis.tokens, *([EOS] if hypothesis.finished else []))


@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_first_and_inclusion_frequencies_are_those_of_drawing_without_replacement(temperature):
    scorer, n = random_table(1, 6, 3), 4000
    found = sample_distinct(
        scorer, *sources(*[0] * n), max_length=LIMIT, samples=3, temperature=temperature, seed=5
    )
    chances = everything(scorer, temperature)
    pairs = Counter(tuple(written(h) for h in several[:2]) for several in found)
    triples = Counter(frozenset(written(h) for h in several) for several in found)
    ordered = {
        (a, b): p * q / (1 - p) for a, p in chances.items() for b, q in chances.items() if a != b
    }
    sets = Counter()
    for a, b, c in itertools.permutations(chances, 3):
        sets[frozenset((a, b, c))] += ordered[a, b] * chances[c] / (1 - chances[a] - chances[b])
    for counts, expected in ((pairs, ordered), (triples, sets)):
        likely = [key for key, chance in expected.items() if chance * n > 8]
        observed = [counts[key] for key in likely]
        wanted = [n * expected[key] for key in likely]
        rest = n - sum(observed), n - sum(wanted)
        assert len(likely) > 15
        assert stats.chisquare([*observed, rest[0]], [*wanted, rest[1]]).pvalue > 0.001


def test_all_are_different_in_the_order_of_their_scores_until_there_are_no_more():
    scorer = random_table(1, 6, 1)
    (found,) = sample_distinct(scorer, *sources(0), max_length=LIMIT, samples=20)
    assert {written(h) for h in found} == set(everything(scorer))
    assert len(found) == len(everything(scorer))
    scores = [h.score for h in found]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == pytest.approx(0.0)
    for h in found:
        assert UNK not in h.tokens
        assert h.log_prob == pytest.approx(log_prob(scorer, 0, list(written(h))), abs=1e-5)


@settings(max_examples=25, deadline=None)
@given(
    tables=st.lists(st.integers(0, 3), min_size=1, max_size=5),
    samples=st.integers(1, 5),
    seed=st.integers(0, 2**40),
    data=st.data(),
)
def test_the_batch_and_further_samples_change_nothing(tables, samples, seed, data):
    scorer = random_table(4, 8, 2)
    limits = [data.draw(st.integers(1, 7)) for _ in range(4)]
    keys = torch.tensor([text_key(f"sentence {table}") for table in tables])
    together = sample_distinct(
        scorer, *sources(*tables), max_length=torch.tensor([limits[t] for t in tables]),
        samples=samples + 2, keys=keys, seed=seed,
    )  # fmt: skip
    for row, table in enumerate(tables):
        (alone,) = sample_distinct(
            scorer, *sources(table), max_length=limits[table], samples=samples,
            keys=keys[row : row + 1], seed=seed,
        )  # fmt: skip
        assert len({written(h) for h in alone}) == len(alone)
        assert [h.tokens for h in alone] == [h.tokens for h in together[row][: len(alone)]]
        for one, other in zip(alone, together[row], strict=False):
            assert one.score == pytest.approx(other.score, abs=1e-4)


def test_samples_differ_by_seed_and_sentence():
    scorer = random_table(1, 9, 0, spread=0.3)
    found = [
        sample_distinct(scorer, *sources(0, 0), max_length=9, samples=4, seed=seed)
        for seed in (0, 1, 0)
    ]
    assert found[0] == found[2]
    several = [tuple(map(written, part)) for run in found[:2] for part in run]
    assert len(set(several)) == 4


def test_only_what_may_be_drawn_is_drawn():
    scorer = random_table(1, 9, 0)
    (found,) = sample_distinct(scorer, *sources(0), max_length=4, samples=30, top_k=2)
    best = scorer.table[0, BOS, BOS, 3:].topk(2).indices + 3
    assert {written(h)[0] for h in found} == set(best.tolist())
    scores = torch.tensor([[0.0, 0, 0, 1, 2, 3], [1.0, 1, 1, -math.inf, -math.inf, -math.inf]])
    chances = log_chances(scores, Sampling(temperature=2.0, top_k=2), False)
    expected = torch.tensor([1.0, 1.5]).log_softmax(0).double()
    torch.testing.assert_close(chances[0, 4:], expected, rtol=0, atol=1e-6)
    assert bool((chances[0, :4] == -math.inf).all())
    assert bool((chances[1] == -math.inf).all())


@given(gumbels=st.lists(st.floats(-30, 30), min_size=1, max_size=5), largest=st.floats(-20, 20))
def test_conditioned_gumbels_have_their_maximum_and_keep_their_order(gumbels, largest):
    given_ones = torch.tensor([gumbels], dtype=torch.float64)
    found = conditioned(given_ones, torch.tensor([[largest]], dtype=torch.float64))
    assert float(found.max()) == pytest.approx(largest, abs=1e-9)
    order = given_ones[0].argsort(stable=True)
    assert bool((found[0][order].diff() >= -1e-9).all())
    if max(gumbels) - min(gumbels) < 3 and abs(largest - max(gumbels)) < 3:
        plain = -((-torch.tensor(largest, dtype=torch.float64)).exp()
                  - (-given_ones.max()).exp() + (-given_ones).exp()).log()  # fmt: skip
        torch.testing.assert_close(found, plain, rtol=1e-6, atol=1e-6)


def test_nothing_gives_nothing():
    scorer = random_table(1, 6, 0)
    assert sample_distinct(scorer, *(part[:0] for part in sources(0)), max_length=3) == []
