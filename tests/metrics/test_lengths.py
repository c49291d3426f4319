"""BLEU by length against sacreBLEU on the same sentences."""

from itertools import pairwise

import pytest
import sacrebleu
from hypothesis import given
from hypothesis import strategies as st

from latimer.metrics.lengths import bleu_by_length, length_classes

LENGTHS = st.lists(st.integers(1, 12), min_size=1, max_size=60)


@given(LENGTHS, st.integers(1, 8))
def test_classes_hold_every_sentence_once_and_part_no_length(lengths, count):
    classes = length_classes(lengths, count)
    assert sorted(k for one in classes for k in one) == list(range(len(lengths)))
    assert 1 <= len(classes) <= count
    for shorter, longer in pairwise(classes):
        assert max(lengths[k] for k in shorter) < min(lengths[k] for k in longer)


def test_distinct_lengths_fall_into_equal_classes():
    assert [len(one) for one in length_classes(list(range(12)), 4)] == [3, 3, 3, 3]


def test_scores_are_sacrebleus():
    sources = ["a b", "a b c d e f", "b a", "a b c d e"]
    hypotheses = ["x y z w", "p q r s t u", "x y z", "p q r s"]
    references = ["x y z w", "p q r s u t", "x y q", "p q r s t"]
    short, long = bleu_by_length(sources, hypotheses, references, classes=2)
    assert (short.first, short.last, short.words, short.sentences) == (2, 2, 2.0, 2)
    assert (long.first, long.last, long.words, long.sentences) == (5, 6, 5.5, 2)
    for score, rows in ((short, [0, 2]), (long, [1, 3])):
        chosen = [hypotheses[k] for k in rows], [[references[k] for k in rows]]
        assert score.bleu == pytest.approx(sacrebleu.corpus_bleu(*chosen).score)
