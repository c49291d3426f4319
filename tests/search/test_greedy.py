import math

import pytest
import torch
from tables import TableScorer, log_prob, random_table, sources

from latimer.errors import InputError, LatimerError
from latimer.search.greedy import greedy_search
from latimer.text.vocabulary.subwords import BOS, EOS, PAD, UNK


def greedy_by_hand(scorer, table, limit):
    """Argmax after argmax over the permitted tokens."""
    tokens, history = [], [BOS, BOS]
    while len(tokens) < limit:
        row = scorer.table[table, history[-2], history[-1]].tolist()
        best = max(range(EOS, len(row)), key=lambda token: (row[token], -token))
        tokens.append(best)
        if best == EOS:
            break
        history.append(best)
    return tokens


@pytest.mark.parametrize("seed", range(20))
def test_agrees_with_argmax_by_hand(seed):
    scorer = random_table(6, 7, seed)
    source, lengths = sources(0, 1, 2, 3, 4, 5)
    limits = torch.tensor([1, 2, 3, 9, 9, 9])
    for table, hypothesis in enumerate(greedy_search(scorer, source, lengths, max_length=limits)):
        expected = greedy_by_hand(scorer, table, int(limits[table]))
        assert hypothesis.finished == (expected[-1] == EOS)
        assert hypothesis.tokens == [token for token in expected if token != EOS]
        assert hypothesis.log_prob == pytest.approx(log_prob(scorer, table, expected), abs=1e-5)


def test_of_equals_the_lowest_id_wins():
    scorer = TableScorer(torch.zeros(1, 6, 6, 6))
    scorer.table[0, :, :, EOS] = -1.0
    (hypothesis,) = greedy_search(scorer, *sources(0), max_length=3)
    assert hypothesis.tokens == [4, 4, 4]
    assert not hypothesis.finished


def test_special_tokens_are_never_written_and_unk_only_on_request():
    table = torch.full((1, 6, 6, 6), -5.0)
    table[..., PAD], table[..., BOS], table[..., UNK] = 9.0, 8.0, 7.0
    table[..., 5] = 0.0
    table[0, :, 5, EOS] = table[0, :, UNK, EOS] = 10.0
    (strict,) = greedy_search(TableScorer(table), *sources(0), max_length=5)
    (lenient,) = greedy_search(TableScorer(table), *sources(0), max_length=5, allow_unk=True)
    assert strict.tokens == [5]
    assert lenient.tokens == [UNK]


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_broken_model_is_named(bad):
    scorer = random_table(1, 6, 0)
    scorer.table[..., 4] = bad
    with pytest.raises(LatimerError, match="model is broken"):
        greedy_search(scorer, *sources(0), max_length=5)


@pytest.mark.parametrize("columns", [slice(None), slice(EOS, None)])
def test_a_model_that_permits_nothing_is_named(columns):
    scorer = random_table(1, 6, 0)
    scorer.table[..., columns] = -math.inf
    with pytest.raises(LatimerError, match="model is broken"):
        greedy_search(scorer, *sources(0), max_length=5)


@pytest.mark.parametrize("limit", [0, torch.tensor([3, 3]), torch.tensor([[3]])])
def test_impossible_limits_are_refused(limit):
    with pytest.raises(InputError, match="max_length"):
        greedy_search(random_table(1, 6, 0), *sources(0), max_length=limit)


def test_an_empty_batch_gives_nothing():
    empty = torch.zeros(0, 1, dtype=torch.long)
    assert greedy_search(random_table(1, 6, 0), empty, empty[:, 0], max_length=5) == []
