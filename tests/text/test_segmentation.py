from hypothesis import given
from hypothesis import strategies as st

from latimer.text.segmentation import split_text


def words(text):
    return len(text.split())


def test_lines_and_sentences_are_cut_where_a_reader_would():
    text = "One two three. Four five six! Seven, eight nine ten eleven.\n\n A  short\tone "
    found = split_text(text, words, 4)
    assert found.lines == [
        ["One two three.", "Four five six!", "Seven,", "eight nine ten eleven."],
        [],
        ["A short one"],
    ]


def test_segments_are_as_long_as_may_be():
    assert split_text("A b. C d. E f. G h.", words, 4).segments == ["A b. C d.", "E f. G h."]


def test_text_without_spaces_is_cut_at_its_stops_and_then_anywhere():
    found = split_text("一二三。四五六，七八九十", len, 4)
    assert found.segments == ["一二三。", "四五六，", "七八九十"]
    assert split_text("x" * 10, len, 4).segments == ["xxxx", "xxxx", "xx"]


def test_characters_are_composed_and_spaces_plain_as_in_training_text():
    assert split_text("Cafe\u0301\u00a0au \u2003lait\x07", len, 99).segments == ["Café au lait"]


def test_what_fits_is_left_alone():
    assert split_text("Dr. No, etc. and so on.", words, 6).segments == ["Dr. No, etc. and so on."]


@given(
    text=st.text(alphabet=st.sampled_from("ab .,!?。\n\t'\"é"), max_size=200),
    limit=st.integers(1, 12),
)
def test_nothing_is_lost_and_every_segment_fits(text, limit):
    found = split_text(text, len, limit)
    assert "".join("".join(found.segments).split()) == "".join(text.split())
    assert all(len(one) <= limit and one == one.strip() and one for one in found.segments)
    assert len(found.lines) == text.count("\n") + 1


def test_segments_are_joined_line_by_line():
    found = split_text("a b. c d.\n\ne", words, 2)
    assert found.segments == ["a b.", "c d.", "e"]
    assert found.join(["A B.", "C D.", "E"], " ") == "A B. C D.\n\nE"
    assert found.join(["A B.", "C D.", "E"], "") == "A B.C D.\n\nE"


def test_a_blank_text_has_no_segments():
    found = split_text(" \n\t\n", words, 2)
    assert found.segments == []
    assert found.join([], " ") == "\n\n"
