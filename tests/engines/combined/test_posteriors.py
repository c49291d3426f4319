"""Posteriors of n-grams and expected matches, against counting by hand."""

from itertools import product
from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latimer.engines.combined.posteriors import expected_matches, posteriors

TEXTS = st.lists(st.lists(st.sampled_from("abc"), max_size=6), min_size=1, max_size=5)


def holds(tokens, gram):
    joined = "".join(tokens)
    return "".join(gram) in joined


@given(TEXTS, st.data(), st.floats(0.1, 3))
def test_a_posterior_is_the_share_of_the_candidates_that_hold_the_n_gram(texts, data, scale):
    number = len(texts)
    scores = data.draw(st.lists(st.floats(-5, 0), min_size=number, max_size=number))
    found = posteriors(texts, scores, scale)
    total = sum(exp(scale * score) for score in scores)
    for n in range(1, 5):
        for gram in product("abc", repeat=n):
            share = sum(
                exp(scale * score)
                for text, score in zip(texts, scores, strict=True)
                if holds(text, gram)
            )
            assert found.get(gram, 0.0) == pytest.approx(share / total)


def test_matches_count_each_occurrence():
    table = {("a",): 0.5, ("b",): 1.0, ("a", "b"): 0.25, ("b", "a", "b", "a"): 0.125}
    assert expected_matches(list("baba"), table) == [3.0, 0.25, 0.0, 0.125]
    assert expected_matches([], table) == [0.0, 0.0, 0.0, 0.0]


def test_without_candidates_nothing_is_expected():
    assert posteriors([], [], 1.0) == {}
