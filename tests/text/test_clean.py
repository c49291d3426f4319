from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latimer.formats.pair import Origin, Pair
from latimer.text.corpus.clean import Cleaning, clean, normalise, reason_to_drop, width_ratio

WORDS = st.text(alphabet="ab \n\tä", max_size=12)
PAIRS = st.lists(st.builds(Pair, WORDS, WORDS), max_size=30)


@pytest.mark.parametrize(
    ("raw", "normal"),
    [
        ("  a\r\n\tb\u00a0c\u2028d ", "a b c d"),
        ("Cafe\u0301", "Café"),
        ("a\x00b\x1fc\ufeff", "a b c"),
        (" \n ", ""),
    ],
)
def test_normalise(raw: str, normal: str) -> None:
    assert normalise(raw) == normal


@given(st.text())
def test_normal_text_is_one_line_and_stays_as_it_is(text: str) -> None:
    normal = normalise(text)
    assert normalise(normal) == normal
    assert len(normal.splitlines()) <= 1
    assert normal == normal.strip()


@pytest.mark.parametrize(
    ("source", "target", "reason"),
    [
        ("a b", "c d", ""),
        ("", "c d", "empty"),
        ("a b", "", "empty"),
        ("a b c d e", "c d", "too long"),
        ("a", "b c d e f", "too long"),
        ("a" * 21, "b" * 21, "too long"),
        ("a" * 20, "b" * 20, ""),
        ("a" * 20, "b", "length ratio"),
        ("b", "a" * 20, "length ratio"),
        ("a b", "a b", "identical"),
    ],
)
def test_each_rule(source: str, target: str, reason: str) -> None:
    rules = Cleaning(max_words=4, max_characters=20, max_ratio=2.0)
    assert reason_to_drop(Pair(source, target), rules) == reason


def test_width_ratio_by_hand() -> None:
    assert width_ratio("a" * 12, "b" * 2) == 2.0  # (12 + 8) / (2 + 8)
    assert width_ratio("a" * 12, "日本") == 20 / 12  # two wide characters are four columns


def test_flags_keep_what_is_dropped_by_default() -> None:
    pairs = [Pair("a", "a"), Pair("b", "c"), Pair("b", "c")]
    assert clean(pairs, Cleaning()).pairs == [Pair("b", "c")]
    kept = clean(pairs, Cleaning(keep_identical=True, keep_duplicates=True))
    assert kept.pairs == pairs
    assert not kept.dropped


@given(PAIRS)
def test_every_pair_is_kept_or_accounted_for(pairs: list[Pair]) -> None:
    cleaned = clean(pairs, Cleaning(max_words=3, max_characters=8, max_ratio=1.5))
    assert cleaned.read == len(pairs)
    assert len(cleaned.pairs) + cleaned.dropped.total() == cleaned.read
    assert max(Counter(cleaned.pairs).values(), default=1) == 1


@given(PAIRS)
def test_cleaning_twice_changes_nothing(pairs: list[Pair]) -> None:
    once = clean(pairs, Cleaning())
    assert clean(once.pairs, Cleaning()).pairs == once.pairs


def test_of_equal_pairs_the_preferred_stays_and_the_others_are_named() -> None:
    pairs = [Pair("a", "b", Origin("f", line)) for line in (1, 2, 3)]
    cleaned = clean(pairs, Cleaning(), prefer=lambda pair: pair.origin.line % 3)
    assert cleaned.pairs == [pairs[1]]
    assert [str(origin) for origin in cleaned.examples["duplicate"]] == ["f:1", "f:3"]
