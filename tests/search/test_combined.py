"""Ensembles, fusion and rules against all sequences listed, in every search."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from searches import beam_search, exact_search, sample
from tables import every_sequence, random_table, sources

from latimer.errors import InputError
from latimer.search.combined import Ensemble, ShallowFusion
from latimer.search.greedy import greedy_search
from latimer.search.rules import ForcedPrefix, MinimumLength, NoRepeat, Ruled
from latimer.text.vocabulary.subwords import BOS, EOS

VOCAB, LIMIT = 6, 5


def row(scorer, tokens):
    """Log-probabilities of the next token after some."""
    history = [BOS, BOS, *tokens]
    return torch.log_softmax(scorer.table[0, history[-2], history[-1]].double(), 0)


def listed(log_probs):
    """All sequences that end within LIMIT with their log P, best first; `log_probs` of a prefix."""
    found = []
    for tokens, _ in every_sequence(random_table(1, VOCAB, 0), 0, LIMIT):
        total = sum(float(log_probs(tokens[:k])[token]) for k, token in enumerate([*tokens, EOS]))
        found.append((tokens, total))
    return sorted(found, key=lambda entry: -entry[1])


def check(scorer, expected):
    """A beam as wide as the tree and exact search find what the list says."""
    expected = [entry for entry in expected if entry[1] > -math.inf]
    (found,) = beam_search(
        scorer, *sources(0), max_length=LIMIT, beam=400, nbest=min(10, len(expected)),
        normalisation="none",
    )  # fmt: skip
    assert [h.tokens for h in found] == [tokens for tokens, _ in expected[:10]]
    for hypothesis, (_, total) in zip(found, expected, strict=False):
        assert hypothesis.log_prob == pytest.approx(total, abs=1e-5)
    (best,) = exact_search(scorer, *sources(0), max_length=LIMIT)
    assert best.proven
    assert best.hypothesis.tokens == expected[0][0]
    assert best.hypothesis.log_prob == pytest.approx(expected[0][1], abs=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_an_ensemble_is_the_mean_of_probabilities(seed):
    one, other = random_table(1, VOCAB, seed), random_table(1, VOCAB, seed + 50)
    mixed = lambda t: (0.25 * row(one, t).exp() + 0.75 * row(other, t).exp()).log()  # noqa: E731
    check(Ensemble([one, other], [1, 3]), listed(mixed))


def test_or_of_their_logarithms():
    one, other = random_table(1, VOCAB, 1), random_table(1, VOCAB, 2)
    mixed = lambda t: (0.5 * row(one, t) + 0.5 * row(other, t)).log_softmax(0)  # noqa: E731
    check(Ensemble([one, other], mean="log_probabilities"), listed(mixed))


def test_an_ensemble_of_one_is_that_one():
    scorer = random_table(2, 9, 5)
    plain = beam_search(scorer, *sources(0, 1), max_length=7, beam=4, nbest=4)
    found = beam_search(Ensemble([scorer]), *sources(0, 1), max_length=7, beam=4, nbest=4)
    for left, right in zip(plain, found, strict=True):
        assert [h.tokens for h in left] == [h.tokens for h in right]


@pytest.mark.parametrize("weight", [0.0, 0.3, 2.0])
def test_fusion_adds_the_language_models_log_probability(weight):
    one, other = random_table(1, VOCAB, 3), random_table(1, VOCAB, 4)
    check(ShallowFusion(one, other, weight), listed(lambda t: row(one, t) + weight * row(other, t)))


def obeying(scorer, allowed):
    everything = every_sequence(scorer, 0, LIMIT)
    return sorted(((t, p) for t, p in everything if allowed(t)), key=lambda entry: -entry[1])


def repeats(tokens, n):
    grams = [tuple(tokens[k : k + n]) for k in range(len(tokens) - n + 1)]
    return len(set(grams)) < len(grams)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("rules", "allowed"),
    [
        ([MinimumLength(3)], lambda t: len(t) >= 3),
        ([NoRepeat(1)], lambda t: not repeats(t, 1)),
        ([NoRepeat(2)], lambda t: not repeats(t, 2)),
        ([ForcedPrefix([[5, 4]])], lambda t: t[:2] == [5, 4]),
        ([MinimumLength(2), NoRepeat(2)], lambda t: len(t) >= 2 and not repeats(t, 2)),
    ],
)
def test_rules_leave_what_obeys_as_probable_as_it_was(rules, allowed, seed):
    scorer = random_table(1, VOCAB, seed)
    check(Ruled(scorer, rules), obeying(scorer, allowed))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), beam=st.integers(1, 6), n=st.integers(1, 3))
def test_in_any_search_nothing_breaks_a_rule(seed, beam, n):
    scorer = Ruled(random_table(3, 12, seed), [MinimumLength(2), NoRepeat(n)])
    batch = sources(0, 1, 2)
    found = [h for several in beam_search(scorer, *batch, max_length=8, beam=beam) for h in several]
    found += greedy_search(scorer, *batch, max_length=8)
    drawn = sample(scorer, *batch, max_length=8, samples=3, seed=seed).hypotheses()
    for hypothesis in [*found, *(h for several in drawn for h in several)]:
        assert len(hypothesis.tokens) >= 2
        assert not repeats(hypothesis.tokens, n)


def test_every_sentence_has_its_own_beginning():
    scorer = Ruled(random_table(3, 8, 2), [ForcedPrefix([[4, 5], [], [7]])])
    found = greedy_search(scorer, *sources(0, 1, 2), max_length=6)
    plain = greedy_search(random_table(3, 8, 2), *sources(0, 1, 2), max_length=6)
    assert found[0].tokens[:2] == [4, 5]
    assert found[1].tokens == plain[1].tokens
    assert found[2].tokens[:1] == [7]


def test_impossible_settings_are_refused():
    one, other = random_table(1, 6, 1), random_table(1, 7, 1)
    with pytest.raises(InputError, match="different vocabularies"):
        beam_search(Ensemble([one, other]), *sources(0), max_length=3)
    for call in (
        lambda: Ensemble([]),
        lambda: Ensemble([one], [0.0]),
        lambda: Ensemble([one], [1.0, 2.0]),
        lambda: Ensemble([one], mean="median"),
        lambda: ShallowFusion(one, one, -1),
        lambda: NoRepeat(0),
        lambda: MinimumLength(-1),
        lambda: ForcedPrefix([[EOS]]),
    ):
        with pytest.raises(InputError):
            call()
