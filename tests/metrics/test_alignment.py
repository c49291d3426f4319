"""Alignment error rate against numbers worked out by hand."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from latimer.errors import InputError
from latimer.metrics.alignment import (
    alignment_scores,
    parse_links,
    strongest_links,
    word_weights,
    words_of,
)

LINKS = st.frozensets(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1)


def test_links_are_read_sure_and_possible():
    gold = parse_links("0-0 1?2 10-3")
    assert gold.sure == {(0, 0), (10, 3)}
    assert gold.possible == {(0, 0), (1, 2), (10, 3)}


@pytest.mark.parametrize("line", ["0:0", "a-1", "1-", "0-0,1-1"])
def test_what_is_no_link_is_named(line):
    with pytest.raises(InputError, match=r"gold, line 3: .* is not a link"):
        parse_links(line, "gold, line 3")


def test_scores_are_those_worked_out_by_hand():
    gold = [parse_links("0-0 1-1 1?2"), parse_links("0-1 2?0")]
    found = [frozenset({(0, 0), (1, 2), (3, 3)}), frozenset({(2, 0)})]
    # |A| = 4, |S| = 3, |A ∩ S| = 1, |A ∩ P| = 3
    precision, recall, rate = alignment_scores(found, gold)
    assert (precision, recall, rate) == pytest.approx((3 / 4, 1 / 3, 1 - 4 / 7))


@given(LINKS, LINKS)
def test_with_sure_links_alone_it_is_one_minus_f1(found, sure):
    gold = [parse_links(" ".join(f"{i}-{j}" for i, j in sure))]
    precision, recall, rate = alignment_scores([found], gold)
    f1 = 0.0 if not precision else 2 * precision * recall / (precision + recall)
    assert rate == pytest.approx(1 - f1)


def test_what_cannot_be_scored_is_refused():
    with pytest.raises(InputError, match="as many sentences"):
        alignment_scores([frozenset({(0, 0)})], [])
    with pytest.raises(InputError, match="no links to score"):
        alignment_scores([frozenset()], [parse_links("")])


def test_pieces_are_gathered_into_words():
    assert words_of(["▁a", "b", "▁c", "▁d", "e"]) == [0, 0, 1, 2, 2]
    assert words_of(["a", "▁b"]) == [0, 1]
    weights = torch.tensor([[0.1, 0.2, 0.6, 0.1], [0.5, 0.3, 0.1, 0.1], [0.2, 0.2, 0.5, 0.1]])
    found = word_weights(weights, ["▁x", "y", "▁z"], ["▁u", "v", "▁w"])
    wanted = torch.tensor([[(0.3 + 0.8) / 2, (0.6 + 0.1) / 2], [0.4, 0.5]]).double()
    torch.testing.assert_close(found, wanted, atol=1e-7, rtol=1e-6)
    assert strongest_links(found) == {(0, 0), (1, 1)}
