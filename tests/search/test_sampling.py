"""Samples against the enumerated distribution."""

import math
from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from searches import sample
from tables import TableScorer, every_sequence, log_prob, random_table, sources

from latimer.search.counters import text_key
from latimer.search.greedy import greedy_search
from latimer.text.vocabulary.subwords import BOS, EOS, PAD, UNK


def drawn(found, row=0):
    return [tuple(h.tokens) for h in found.hypotheses()[row] if h.finished]


def test_frequencies_are_the_models_probabilities():
    # UNK may be written here; PAD and BOS are impossible to begin with, so nothing is renormalised.
    scorer = random_table(1, 6, 3)
    scorer.table[..., [PAD, 2]] = -math.inf
    found = sample(scorer, *sources(0), max_length=12, samples=4000, allow_unk=True, seed=7)
    assert found.finished.float().mean() > 0.95
    exact = {tuple(t): math.exp(lp) for t, lp in every_sequence(scorer, 0, 4, unk=True)}
    counts = Counter(drawn(found))
    likely = [tokens for tokens, chance in exact.items() if chance * 4000 > 8]
    observed = [counts[tokens] for tokens in likely]
    expected = [4000 * exact[tokens] for tokens in likely]
    rest = 4000 - sum(observed), 4000 - sum(expected)
    assert len(likely) > 15
    assert stats.chisquare([*observed, rest[0]], [*expected, rest[1]]).pvalue > 0.001


def test_log_probabilities_and_lengths_are_those_of_the_model():
    scorer = random_table(2, 7, 1)
    found = sample(scorer, *sources(0, 1), max_length=6, samples=20, temperature=2.0)
    for table, several in enumerate(found.hypotheses()):
        for hypothesis in several:
            written = [*hypothesis.tokens, *([EOS] if hypothesis.finished else [])]
            expected = log_prob(scorer, table, written)
            assert hypothesis.log_prob == pytest.approx(expected, abs=1e-5)
            assert UNK not in written
            assert len(written) == 6 or hypothesis.finished
    for row, lengths in zip(found.tokens, found.lengths, strict=True):
        for tokens, length in zip(row.tolist(), lengths.tolist(), strict=True):
            assert all(token != PAD for token in tokens[:length])
            assert all(token == PAD for token in tokens[length:])
            assert EOS not in tokens[: length - 1]


@pytest.mark.parametrize("settings", [{"temperature": 0.001}, {"top_k": 1}, {"top_p": 1e-6}])
def test_without_chance_it_is_greedy_search(settings):
    scorer = random_table(4, 9, 5)
    found = sample(scorer, *sources(0, 1, 2, 3), max_length=8, samples=2, **settings)
    greedy = greedy_search(scorer, *sources(0, 1, 2, 3), max_length=8)
    for several, expected in zip(found.hypotheses(), greedy, strict=True):
        assert [h.tokens for h in several] == [expected.tokens] * 2


def first_tokens(scorer, **settings):
    found = sample(scorer, *sources(0), max_length=1, samples=4000, **settings)
    return Counter(found.tokens[0, :, 0].tolist())


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_one_step_by_hand(temperature):
    scorer = TableScorer(torch.zeros(1, 7, 7, 7))
    scorer.table[0, 2, 2, 3:] = torch.tensor([0.4, 0.3, 0.2, 0.1]).log()
    chances = (scorer.table[0, 2, 2, 3:] / temperature).softmax(0)
    cases = [
        ({}, chances),
        ({"top_k": 2}, chances * torch.tensor([1, 1, 0, 0])),
        ({"top_p": float(chances[0] + chances[1]) + 0.01}, chances * torch.tensor([1, 1, 1, 0])),
        ({"top_p": float(chances[0]) - 0.01}, chances * torch.tensor([1, 0, 0, 0])),
        ({"top_p": 0.95, "top_k": 1}, chances * torch.tensor([1, 0, 0, 0])),
    ]
    for chosen, kept in cases:
        counts = first_tokens(scorer, temperature=temperature, **chosen)
        expected = 4000 * kept / kept.sum()
        for token, wanted in enumerate(expected.tolist(), 3):
            assert counts[token] == pytest.approx(wanted, abs=max(4 * math.sqrt(wanted), 0.1))


@given(
    tables=st.lists(st.integers(0, 3), min_size=1, max_size=6),
    samples=st.integers(1, 5),
    seed=st.integers(0, 2**40),
)
@settings(max_examples=40)
def test_the_batch_and_further_samples_change_nothing(tables, samples, seed):
    scorer = random_table(4, 8, 2)
    keys = torch.tensor([text_key(f"sentence {table}") for table in tables])
    together = sample(
        scorer, *sources(*tables), max_length=7, samples=samples + 2, keys=keys, seed=seed
    )
    for row, table in enumerate(tables):
        alone = sample(
            scorer, *sources(table), max_length=7, samples=samples, keys=keys[row : row + 1],
            seed=seed,
        )  # fmt: skip
        for number in range(samples):
            length = int(alone.lengths[0, number])
            assert int(together.lengths[row, number]) == length
            expected = alone.tokens[0, number, :length]
            assert torch.equal(together.tokens[row, number, :length], expected)


def test_samples_differ_by_seed_sentence_and_number():
    scorer = random_table(1, 9, 0, spread=0.3)
    found = sample(scorer, *sources(0, 0), max_length=9, samples=8)
    other = sample(scorer, *sources(0, 0), max_length=9, samples=8, seed=1)
    everything = [tuple(r) for part in (found, other) for r in part.tokens.flatten(0, 1).tolist()]
    assert len(set(everything)) > 20


def test_sentences_that_have_ended_are_not_computed():
    table = torch.full((2, 5, 5, 5), -math.inf)
    table[0, :, :, EOS] = table[1, :, :, 4] = 0.0
    scorer = TableScorer(table)
    found = sample(scorer, *sources(0, 1, 0), max_length=6, samples=3)
    assert found.lengths.tolist() == [[1] * 3, [6] * 3, [1] * 3]
    assert found.finished.tolist() == [[True] * 3, [False] * 3, [True] * 3]
    assert scorer.rows_scored == 9 + 5 * 3
    empty = sample(scorer, *(part[:0] for part in sources(0)), max_length=6)
    assert empty.tokens.shape[:2] == (0, 1)


def test_frequencies_over_a_vocabulary_of_several_blocks():
    scorer = random_table(1, 200, 7)
    drawn = sample(scorer, *sources(0, 0, 0, 0, 0), max_length=1, samples=4000, seed=3)
    found = torch.bincount(drawn.tokens.flatten(), minlength=200).double() / 20_000
    row = scorer.table[0, BOS, BOS].double()
    expected = torch.zeros(200, dtype=torch.float64)
    expected[EOS:] = row[EOS:].softmax(0)
    assert float((found - expected).abs().max()) < 0.01
    wanted = row.log_softmax(0)[drawn.tokens.flatten()]
    torch.testing.assert_close(drawn.log_probs.flatten(), wanted, rtol=0, atol=1e-5)
