from collections import Counter

import pytest
from rich.console import Console

from generated import corpus_of
from latimer.errors import InputError
from latimer.formats.pair import Origin, Pair
from latimer.text.corpus.clean import Cleaning
from latimer.text.corpus.prepare import prepare
from latimer.text.corpus.split import Splitting


def test_the_report_accounts_for_every_pair() -> None:
    pairs = corpus_of(*[10] * 20)
    noise = [Pair("", "a"), Pair("a", "a", Origin("[f]", 7)), pairs[0], Pair("a", "b" * 90)]
    prepared = prepare([*pairs, *noise], skipped=Counter(fuzzy=2))
    report = prepared.report
    assert report.read == 204
    assert report.dropped == {
        "empty": 1,
        "too long": 0,
        "length ratio": 1,
        "identical": 1,
        "duplicate": 1,
    }
    assert report.kept == 200 == report.train + report.dev + report.test + report.leaks
    assert (report.groups, report.split_by, report.dev) == (20, "group", 10)
    assert report.skipped == {"fuzzy": 2}
    assert report.examples["identical"] == ["[f]:7"]
    console = Console(width=100)
    with console.capture() as capture:
        console.print(report.table())
    assert "[f]:7" in capture.get()
    assert "skipped: fuzzy" in capture.get()


def test_the_parts_are_those_of_the_report() -> None:
    prepared = prepare(corpus_of(100), splitting=Splitting(dev=7, test=0))
    parts = prepared.train, prepared.dev, prepared.test
    assert tuple(len(part) for part in parts) == (93, 7, 0)
    report = prepared.report
    assert (report.train, report.dev, report.test) == (93, 7, 0)


def test_what_many_components_share_is_trained_on() -> None:
    pairs = corpus_of(*[10] * 40)
    common = [Pair("ok", "gut", Origin("f", 1, f"file{k}")) for k in range(40)]
    prepared = prepare(common + pairs)
    assert ("ok", "gut") in [pair[:2] for pair in prepared.train]
    assert prepared.report.leaks == 0


@pytest.mark.parametrize(
    ("pairs", "rules", "message"),
    [
        ([], Cleaning(), r"the corpus is empty.*\(skipped: 3 fuzzy\)"),
        ([Pair("a", "a")] * 2, Cleaning(), r"no pair is left of 2 read.*set keep_identical"),
        ([Pair("a b c", "d")], Cleaning(max_words=2), r"1 too long.*raise max_words"),
        ([Pair("a", "d" * 90)], Cleaning(), r"1 length ratio.*raise max_ratio"),
    ],
)
def test_an_empty_corpus_is_refused(pairs: list[Pair], rules: Cleaning, message: str) -> None:
    with pytest.raises(InputError, match=message):
        prepare(pairs, rules, skipped=Counter(fuzzy=3))
