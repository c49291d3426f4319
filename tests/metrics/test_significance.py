"""Paired bootstrap resampling, against sacreBLEU's tests and cases worked out by hand."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.significance import PairedTest, _compute_p_value

from latimer.errors import InputError
from latimer.metrics import resampling, significance
from latimer.metrics.corpus_scores import METRICS, corpus_scores, sacrebleu_metric
from latimer.metrics.significance import compare, score_of_counts
from made_systems import corpus


def paired_test(kind: str, first: list[str], second: list[str], references: list[str], name: str):
    """SacreBLEU's scores and p-value: (first, second, p)."""
    metric = sacrebleu_metric(name)
    test = PairedTest([("first", first), ("second", second)], {name: metric}, [references], kind)
    (key,) = (key for key in test()[1] if key != "System")
    one, two = test()[1][key]
    return one.score, two.score, two.p_value


CASES = [(300, (0.3, 0.28), 1), (300, (0.3, 0.3), 2), (200, (0.3, 0.26), 3), (100, (0.4, 0.2), 4)]


@pytest.mark.parametrize("name", ["bleu", "chrf"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_scores_and_p_values_are_those_of_sacrebleu(case, name, monkeypatch):
    first, second, references = corpus(*case)
    seen = []
    monkeypatch.setattr(
        significance, "_p_value", lambda drawn, observed: seen.append((drawn, observed)) or 0.5
    )
    ours = compare(first, second, references, name, seed=12345)
    one, two, p_value = paired_test("bs", first, second, references, name)
    assert (ours.first, ours.second) == (one, two)
    # From our draws, the p-value as sacreBLEU defines it for this test.
    [(drawn, observed)] = seen
    distances = np.abs(drawn)
    theirs = _compute_p_value(distances - distances.mean(), abs(observed))
    assert theirs == pytest.approx(p_value, abs=0.05)


@pytest.mark.parametrize("case", CASES[::3], ids=str)
def test_the_p_value_is_two_sided_as_that_of_approximate_randomisation(case):
    first, second, references = corpus(*case)
    ours = compare(first, second, references, samples=4000)
    assert ours.p_value == pytest.approx(
        paired_test("ar", first, second, references, "bleu")[2], abs=0.04
    )


@given(
    st.sampled_from(list(METRICS)),
    st.lists(st.tuples(*2 * [st.text("ab .", max_size=12)]), min_size=1, max_size=6),
)
@settings(max_examples=100)
def test_scores_from_counts_are_those_of_sacrebleu(name, pairs):
    hypotheses, references = map(list, zip(*pairs, strict=True))
    metric = sacrebleu_metric(name)
    counts = np.array(metric._extract_corpus_statistics(hypotheses, [references]), dtype=float)
    ours = score_of_counts(name)(counts.sum(0, keepdims=True))
    theirs = metric.corpus_score(hypotheses, [references]).score
    assert ours == pytest.approx([theirs], abs=1e-9)


def test_a_metric_is_one_entry_of_the_table(monkeypatch):
    """Comparison finds there what computes it from counts."""
    copy = METRICS["ter"]._replace(title="edits")
    monkeypatch.setitem(METRICS, "edits", copy)
    texts = corpus(20, (0.3, 0.2))
    assert compare(*texts, "edits", samples=50).low == compare(*texts, "ter", samples=50).low
    assert corpus_scores(texts[0], texts[2], ["edits"])["edits"].value > 0


@pytest.mark.parametrize("name", METRICS)
def test_a_system_does_not_differ_from_itself(name):
    first, _, references = corpus(40, (0.3, 0.3))
    same = compare(first, first, references, name, samples=200)
    assert (same.low, same.difference, same.high, same.p_value) == (0, 0, 0, 1)
    assert not same.clear


def test_a_system_that_is_better_on_every_sentence_is_clearly_better():
    _, _, references = corpus(40, (0.0, 0.0))
    worse = [f"{text} pumpo" for text in references]
    better = compare(worse, references, references, samples=500)
    assert better.p_value == 1 / 501
    assert better.second == pytest.approx(100)
    assert 0 < better.low <= better.difference <= better.high
    assert better.clear
    swapped = compare(references, worse, references, samples=500)
    assert (swapped.low, swapped.high) == pytest.approx((-better.high, -better.low))


def test_interval_covers_the_truth_about_as_often_as_it_says():
    """TER of sentences of one word is a share, whose difference is known before it is drawn."""
    chance = random.Random(5)
    covered = 0
    for _ in range(100):
        right = [[chance.random() < share for _ in range(80)] for share in (0.5, 0.3)]
        first, second = ([("a" if yes else "b") for yes in each] for each in right)
        found = compare(first, second, ["a"] * 80, "ter", samples=300)
        covered += found.low <= 20 <= found.high
    assert 88 <= covered <= 100


def test_blocks_change_nothing_but_memory(monkeypatch):
    texts = corpus(30, (0.4, 0.2))
    whole = compare(*texts, samples=100)
    monkeypatch.setattr(resampling, "BLOCK", 200)
    assert compare(*texts, samples=100) == whole


def test_the_language_chooses_the_tokeniser():
    texts = [["門を開ける"] * 3, ["門を閉める"] * 3, ["門を開けた"] * 3]
    found = compare(*texts, language="ja", samples=10)
    score = corpus_scores(texts[0], texts[2], ["bleu"], language="ja")["bleu"]
    assert (found.first, found.signature) == score
    assert found.first > 0 < found.second


def test_one_sentence_proves_nothing():
    assert compare(["a b"], ["a c"], ["a c"], samples=20).p_value == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((["a"], ["a"], ["a", "b"]), "1 and 1 translations, but 2 references"),
        (([], [], []), "nothing to compare"),
        ((["a"], ["a"], ["a"], "rouge"), "unknown metric 'rouge'"),
    ],
)
def test_what_cannot_be_compared_is_refused(arguments, says):
    with pytest.raises(InputError, match=says):
        compare(*arguments)
    with pytest.raises(InputError, match="samples is 0"):
        compare(["a"], ["a"], ["a"], samples=0)
