"""Resampling and randomisation, against sacreBLEU's own tests and cases worked out by hand."""

import numpy as np
import pytest
from sacrebleu.significance import PairedTest

from latimer.metrics import resampling
from latimer.metrics.corpus_scores import sacrebleu_metric
from latimer.metrics.resampling import (
    bootstrap_p,
    holm,
    interval,
    randomisation_p,
    resampled_sums,
    shuffled_sums,
)
from latimer.metrics.significance import corpus_score, score_of_counts, sentence_counts
from made_systems import corpus

SEED = 12345
"""SacreBLEU's own, where SACREBLEU_SEED is not set."""


def differences(sums, everything, name):
    """Of the scores of two shuffled systems whose counts stand side by side."""
    score = score_of_counts(name)
    first, second = np.split(sums, 2, axis=1)
    all_first, all_second = np.split(everything, 2)
    return score(first + all_second - second) - score(second + all_first - first)


@pytest.mark.parametrize("name", ["bleu", "chrf", "ter"])
@pytest.mark.parametrize(
    "case", [(300, (0.3, 0.28), 1), (100, (0.4, 0.38), 4), (37, (0.3, 0.2), 5)], ids=str
)
def test_p_values_and_intervals_are_exactly_those_of_sacrebleu(case, name, monkeypatch):
    monkeypatch.delenv("SACREBLEU_SEED", raising=False)
    first, second, references = corpus(*case)
    metric = sacrebleu_metric(name)
    counts = [sentence_counts(metric, text, references) for text in (first, second)]
    both = np.concatenate(counts, axis=1)
    observed = corpus_score(metric, counts[1]) - corpus_score(metric, counts[0])
    score = score_of_counts(name)

    def theirs(kind, samples):
        named = [("first", first), ("second", second)]
        found = PairedTest(named, {name: metric}, [references], kind, samples)()[1]
        [key] = set(found) - {"System"}
        return found[key]

    drawn = [score(each) for each in np.split(resampled_sums(both, 300, SEED), 2, axis=1)]
    one, two = theirs("bs", 300)
    assert bootstrap_p(drawn[1] - drawn[0], observed) == two.p_value
    for scores, result in zip(drawn, (one, two), strict=True):
        low, high = interval(scores)
        assert (high - low) / 2 == pytest.approx(result.ci, abs=1e-3)  # theirs is in float32
        assert scores.mean() == pytest.approx(result.mean, abs=1e-3)

    shuffled = differences(shuffled_sums(both, 500, SEED), both.sum(0), name)
    assert randomisation_p(shuffled, observed) == theirs("ar", 500)[1].p_value


@pytest.mark.parametrize("draw", [resampled_sums, shuffled_sums])
def test_blocks_change_nothing_but_memory(draw, monkeypatch):
    counts = np.random.default_rng(0).integers(9, size=(13, 4)).astype(float)
    whole = draw(counts, 200, 7)
    monkeypatch.setattr(resampling, "BLOCK", 500)
    assert (draw(counts, 200, 7) == whole).all()


def test_all_exchanges_of_two_sentences():
    """One metric, TER of one word: wrong, right against right, right. By hand.

    Of the four exchanges none differs by more than the observed 50 points: two by as much.
    """
    counts = np.array([[1.0, 1, 0, 1], [0, 1, 0, 1]])
    found = differences(shuffled_sums(counts, 4000, 1), counts.sum(0), "ter")
    assert set(found) == {50.0, -50.0}
    assert 0.45 < (found > 0).mean() < 0.55
    assert randomisation_p(found, 50.0) == 1 / 4001
    assert randomisation_p(found, 49.0) == 1.0


def test_bootstrap_p_by_hand():
    """Absolute differences 1, 2, 3, 6, mean 3: less the mean -2, -1, 0, 3; one exceeds 2."""
    drawn = np.array([1.0, -2, 3, 6])
    assert bootstrap_p(drawn, 2.0) == bootstrap_p(drawn, -2.0) == 2 / 5
    assert bootstrap_p(drawn, 3.0) == 1 / 5


def test_interval_by_hand():
    """Of 80 scores the two lowest and the two highest are outside."""
    assert interval(np.arange(80.0)[::-1]) == (2.0, 77.0)


def test_holm_by_hand():
    """Sorted 0.01, 0.02, 0.03, 0.04 times 4, 3, 2, 1: 0.04, 0.06, 0.06 and 0.04 raised to 0.06."""
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([0.03]) == [0.03]
    assert holm([]) == []
