import pytest
from hypothesis import given
from hypothesis import strategies as st

from latimer.engines.parts import split_text
from latimer.engines.translator import Alternative, Translation


def words(text):
    return len(text.split())


def test_lines_and_sentences_are_cut_where_a_reader_would():
    text = "One two three. Four five six! Seven, eight nine ten eleven.\n\n A  short\tone "
    parts = split_text(text, words, 4)
    assert parts.lines == [
        ["One two three.", "Four five six!", "Seven,", "eight nine ten eleven."],
        [],
        ["A short one"],
    ]


def test_parts_are_as_long_as_may_be():
    assert split_text("A b. C d. E f. G h.", words, 4).flat == ["A b. C d.", "E f. G h."]


def test_text_without_spaces_is_cut_at_its_stops_and_then_anywhere():
    parts = split_text("一二三。四五六，七八九十", len, 4)
    assert parts.flat == ["一二三。", "四五六，", "七八九十"]
    assert split_text("x" * 10, len, 4).flat == ["xxxx", "xxxx", "xx"]


def test_characters_are_composed_and_spaces_plain_as_in_training_text():
    assert split_text("Cafe\u0301\u00a0au \u2003lait\x07", len, 99).flat == ["Café au lait"]


def test_what_fits_is_left_alone():
    assert split_text("Dr. No, etc. and so on.", words, 6).flat == ["Dr. No, etc. and so on."]


@given(
    text=st.text(alphabet=st.sampled_from("ab .,!?。\n\t'\"é"), max_size=200),
    limit=st.integers(1, 12),
)
def test_nothing_is_lost_and_every_part_fits(text, limit):
    parts = split_text(text, len, limit)
    assert "".join("".join(parts.flat).split()) == "".join(text.split())
    assert all(len(part) <= limit and part == part.strip() and part for part in parts.flat)
    assert len(parts.lines) == text.count("\n") + 1


def test_translations_are_joined_line_by_line():
    parts = split_text("a b. c d.\n\ne", words, 2)
    found = [
        Translation("a b.", "A B.", -1.0, [Alternative("X.", -2.0)]),
        Translation("c d.", "C D.", -3.0, [Alternative("Y.", -4.0)]),
        Translation("e", "E", -2.0),
    ]
    joined = parts.join(found)
    assert joined.source == "a b. c d.\n\ne"
    assert joined.text == "A B. C D.\n\nE"
    assert joined.score == pytest.approx(-2.0)
    assert joined.alternatives == [Alternative("X. Y.\n\nE", pytest.approx(-8 / 3))]
    assert joined.parts == 3
    assert parts.join(found, glue="").text == "A B.C D.\n\nE"


def test_a_blank_text_has_no_parts():
    parts = split_text(" \n\t\n", words, 2)
    assert parts.flat == []
    assert parts.join([]) == Translation(" \n\t\n", "\n\n", 0.0)
