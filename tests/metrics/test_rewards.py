"""Rewards against definitions written out with counters, and functions that misbehave."""

from __future__ import annotations

import math
from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from latimer.errors import InputError, LatimerError
from latimer.metrics.rewards import TextReward, check_reward, reward_named
from latimer.metrics.sentence_bleu import prefix_bleu, prefix_gains
from latimer.metrics.sentence_gleu import prefix_gleu
from spelt import Alphabet

SENTENCE = st.lists(st.integers(4, 8), max_size=9)


def gleu(written, reference):
    """nltk's definition, by counters."""
    if not written:
        return 0.0
    sides = [
        Counter(tuple(s[k : k + n]) for n in range(1, 5) for k in range(len(s) - n + 1))
        for s in (written, reference)
    ]
    matches = sum((sides[0] & sides[1]).values())
    return matches / max(1, *(sum(side.values()) for side in sides))


def padded(rows):
    wide = max(1, *(len(row) for row in rows))
    tokens = torch.tensor([row + [9] * (wide - len(row)) for row in rows])
    return tokens, torch.tensor([len(row) for row in rows])


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(SENTENCE, SENTENCE), min_size=1, max_size=5))
def test_gleu_of_every_prefix(pairs):
    hypotheses, lengths = padded([h for h, _ in pairs])
    scores = prefix_gleu(hypotheses, lengths, *padded([r for _, r in pairs]))
    for row, (written, reference) in enumerate(pairs):
        for time in range(hypotheses.shape[1]):
            wanted = gleu(written[: time + 1], reference)
            assert float(scores[row, time]) == pytest.approx(wanted, abs=1e-12)
    torch.testing.assert_close(prefix_gains(scores).sum(1), scores[:, -1])


def batch():
    return (*padded([[4, 5, 6], [7], []]), *padded([[4, 5], [7, 7], [4]]))


PIECES = Alphabet([f" {number}" for number in range(10)])


def decode(tokens):
    return PIECES.decode(tokens).strip()


def test_a_mixture_is_the_weighted_sum():
    mixed = reward_named("0.7 bleu + 0.3 gleu", PIECES)(*batch())
    torch.testing.assert_close(mixed, 0.7 * prefix_bleu(*batch()) + 0.3 * prefix_gleu(*batch()))
    assert reward_named("bleu", PIECES) is prefix_bleu
    twice = reward_named("0.5 bleu + 0.25 bleu", PIECES)(*batch())
    torch.testing.assert_close(twice, 0.75 * prefix_bleu(*batch()))


WEIGHTS = {"1e+0": 1.0, "25e-2": 0.25, "2.5E+1": 25.0, "-.5": -0.5, "1.e+0": 1.0, "+2": None}


@pytest.mark.parametrize("written", WEIGHTS)
@pytest.mark.parametrize("joined", [" + ", "+", "+ "])
def test_weights_are_numbers_however_written(written, joined):
    text = f"{written} bleu{joined}{written} gleu{joined}chrf"
    if WEIGHTS[written] is None:
        with pytest.raises(InputError, match="write it as"):
            reward_named(text, PIECES)
        return
    mixed = reward_named(text, PIECES)
    assert {name: weight for name, (weight, _) in mixed.parts.items()} == {
        "bleu": WEIGHTS[written], "gleu": WEIGHTS[written], "chrf": 1.0,
    }  # fmt: skip


@given(st.lists(st.tuples(st.floats(-1e30, 1e30), st.sampled_from(["bleu", "chrf", "edits"]))))
def test_every_mixture_is_read_back(terms):
    wanted = {}
    for weight, name in [(2.0, "gleu"), *terms]:
        wanted[name] = wanted.get(name, 0.0) + weight
    text = " + ".join(f"{weight!r} {name}" for weight, name in [(2.0, "gleu"), *terms])
    found = {name: weight for name, (weight, _) in reward_named(text, PIECES).parts.items()}
    assert found == wanted


def share_of_words(text, reference):
    return len(text.split()) / 10 + len(reference.split()) / 100


def test_a_function_of_texts_is_told_of_wholes():
    scores = reward_named(f"{__name__}:share_of_words", PIECES)(*batch())
    wanted = torch.tensor([[0, 0, 0.32], [0, 0.12, 0.12], [0, 0, 0]]).double()
    torch.testing.assert_close(scores, wanted, rtol=0, atol=1e-7)


@pytest.mark.parametrize("wrong", [math.nan, math.inf, "1", None, torch.ones(2), True])
def test_what_is_no_number_is_refused_with_the_sentence(wrong):
    with pytest.raises(LatimerError, match=r"'4 5 6'.*'4 5' is the reference"):
        TextReward(lambda text, reference: wrong, decode, "mine")(*batch())


@pytest.mark.parametrize("wrong", [1.01, 57.3, -1.5])
def test_scores_of_another_scale_are_refused(wrong):
    with pytest.raises(LatimerError, match=r"a number from -1 to 1 is expected: divide"):
        TextReward(lambda text, reference: wrong, decode, "mine")(*batch())


@pytest.mark.parametrize("right", [1 + 1e-9, 1, 0, -1.0])
def test_scores_of_the_scale_are_taken(right):
    scores = TextReward(lambda text, reference: right, decode, "mine")(*batch())
    assert scores[0].tolist() == [0, 0, right]


@pytest.mark.parametrize("error", [ZeroDivisionError, SystemExit])
def test_a_function_that_fails_is_named(error):
    def broken(text, reference):
        raise error("no words")

    with pytest.raises(LatimerError, match=rf"reward mine failed.*{error.__name__}: no words"):
        TextReward(broken, decode, "mine")(*batch())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("blue", "unknown 'blue'; valid choices: bleu, balanced_bleu, gleu, "),
        ("much bleu", "'much' is not a weight"),
        ("bleu gleu bleu", "write it as"),
        ("", "write it as"),
        ("bleu +", "write it as"),
        ("+ bleu", "write it as"),
        ("nan bleu", "'nan' is not a weight"),
        ("0 bleu", "nothing is rewarded"),
        ("bleu + -1 bleu", "nothing is rewarded"),
        ("1e+999 bleu", r"'1e\+999' is not a weight"),
        ("math:e1e+0.5 bleu", "no attribute 'e1e'"),
        ("no_such_module:f", "No module named"),
        ("math:no_such", "no_such"),
        ("math:pi", "not a function"),
        (".math:pi", "TypeError"),
    ],
)
def test_wrong_names_are_refused(text, message):
    with pytest.raises(InputError, match=message):
        reward_named(text, PIECES)
    with pytest.raises(InputError, match=message):
        check_reward(text)
