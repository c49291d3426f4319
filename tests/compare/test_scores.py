"""Rows and pairs, against sacreBLEU's own scores and tests."""

import pytest
from sacrebleu.significance import PairedTest

from latimer.compare.pairs import differences
from latimer.compare.scores import rows
from latimer.compare.statistics import Draws, count
from latimer.compare.translated import Cost, Output, Translated
from latimer.metrics.corpus_scores import corpus_scores, sacrebleu_metric
from latimer.metrics.resampling import holm
from made_outputs import system
from made_systems import corpus

FIRST, SECOND, REFERENCES = corpus(120, (0.3, 0.25), 1)
THIRD = corpus(120, (0.3, 0.4), 1)[1]
DRAWS = Draws(samples=200, trials=300)


@pytest.fixture(scope="module")
def statistics():
    systems = [system("a", FIRST), system("b", SECOND), system("c", THIRD)]
    return count(systems, REFERENCES, ("bleu", "chrf", "ter"), draws=DRAWS)


def theirs(kind, samples, name, first, second):
    test = PairedTest(
        [("1", first), ("2", second)], {name: sacrebleu_metric(name)}, [REFERENCES], kind, samples
    )()[1]
    [key] = set(test) - {"System"}
    return test[key]


@pytest.mark.parametrize("metric", ["bleu", "chrf", "ter"])
def test_every_pair_has_the_p_values_of_sacrebleu(statistics, metric, monkeypatch):
    """SacreBLEU compares with its first system only; here every pair is one of its calls."""
    monkeypatch.delenv("SACREBLEU_SEED", raising=False)
    found = [one for one in differences(statistics, ["a", "b", "c"]) if one.metric == metric]
    assert [(one.first, one.second) for one in found] == [("a", "b"), ("a", "c"), ("b", "c")]
    texts = {"a": FIRST, "b": SECOND, "c": THIRD}
    for one in found:
        both = texts[one.first], texts[one.second]
        before, after = theirs("ar", DRAWS.trials, metric, *both)
        assert one.difference == pytest.approx(after.score - before.score, abs=1e-12)
        assert one.randomisation == after.p_value
        assert one.bootstrap == theirs("bs", DRAWS.samples, metric, *both)[1].p_value
        assert one.low <= one.difference <= one.high
    corrected = holm([one.randomisation for one in found])
    assert [one.randomisation_holm for one in found] == corrected
    assert [one.bootstrap_holm for one in found] == holm([one.bootstrap for one in found])
    assert [one.clear for one in found] == [p < 0.05 for p in corrected]


def test_rows_have_sacrebleus_scores_and_intervals(statistics):
    systems = [system("a", FIRST), system("b", SECOND), system("c", THIRD)]
    found = rows(systems, REFERENCES, statistics)
    for row, text in zip(found, (FIRST, SECOND, THIRD), strict=True):
        expected = corpus_scores(text, REFERENCES, ("bleu", "chrf", "ter"))
        assert {name: one.value for name, one in row.scores.items()} == {
            name: score.value for name, score in expected.items()
        }
    _, second = theirs("bs", DRAWS.samples, "bleu", FIRST, SECOND)
    bleu = found[1].scores["bleu"]
    assert (bleu.high - bleu.low) / 2 == pytest.approx(second.ci, abs=1e-3)


def test_costs_and_lengths_by_hand():
    """Five tokens for four of the reference; two sentences in half a CPU second, then in 1.5."""
    members = (
        Output(("a b c .", "d"), Cost(0.5, 10.0, 3.0)),
        Output(("a b c .", "d"), Cost(1.5, 30.0, 4.0)),
    )
    systems = [Translated("group", members), system("file", ["a b", "c d"])]
    references = ["a b c", "d"]
    group, file = rows(systems, references, count(systems, references, ("bleu",), draws=DRAWS))
    assert group.length_ratio == 5 / 4
    assert group.sentences_per_cpu_second == 2.0
    assert (group.megabytes, group.minutes) == (20.0, 3.5)
    assert file.length_ratio == 1.0
    assert file.sentences_per_cpu_second is file.megabytes is file.minutes is None


def test_a_group_is_the_mean_of_its_members():
    systems = [system("seeds", FIRST, SECOND), system("c", THIRD)]
    found = count(systems, REFERENCES, ("bleu",), draws=DRAWS)
    one, two = (corpus_scores(x, REFERENCES, ("bleu",))["bleu"].value for x in (FIRST, SECOND))
    row = rows(systems, REFERENCES, found)[0].scores["bleu"]
    assert row.value == pytest.approx((one + two) / 2)
    assert row.range == (min(one, two), max(one, two))
    alone = count([system("1", FIRST), system("2", SECOND)], REFERENCES, ("bleu",), draws=DRAWS)
    expected = alone.resampled["bleu"].mean(1)
    assert found.resampled["bleu"][:, 0] == pytest.approx(expected)


def test_a_group_of_equal_members_is_tested_as_one_system():
    one = count([system("a", FIRST), system("b", SECOND)], REFERENCES, ("bleu",), draws=DRAWS)
    systems = [system("a", FIRST, FIRST), system("b", SECOND, SECOND, SECOND)]
    many = count(systems, REFERENCES, ("bleu",), draws=DRAWS)
    assert many.shuffled("bleu", 0, 1) == pytest.approx(one.shuffled("bleu", 0, 1))
    [alone], [grouped] = (differences(each, ["a", "b"]) for each in (one, many))
    assert grouped.randomisation == alone.randomisation
    assert grouped.bootstrap == alone.bootstrap


def test_exchanging_everything_turns_the_difference_round():
    """Whatever is chosen, the other choice has the opposite difference: two sides, no bias."""
    systems = [system("a", FIRST, THIRD), system("b", SECOND)]
    found = count(systems, REFERENCES, ("chrf",), draws=Draws(10, 4000))
    back = found.shuffled("chrf", 1, 0)
    drawn = found.shuffled("chrf", 0, 1)
    assert back == pytest.approx(-drawn)
    assert abs(drawn.mean()) < 4 * drawn.std() / 4000**0.5
