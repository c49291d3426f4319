"""Text becomes tokens and comes back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latimer.errors import InputError
from latimer.statistical.tokens.casing import Casing, begins_large, enlarged
from latimer.statistical.tokens.side import Side
from latimer.statistical.tokens.words import join, split

TEXTS = [
    "Don't stop (yet).",
    "a ⟦0⟧abc ⟦1⟧, x⟦2⟧.",
    "3.5 ￭ x￭y ￭￭",
    "⟦⟦ok, “hé!?” he's – fine…",
    "C++ & C# cost 5€ (or $6); e-mail: a@b.c",
    "หวัดดี नमस्ते, こんにちは。",
]


@pytest.mark.parametrize("text", TEXTS)
def test_tokens_joined_are_the_text(text):
    assert join(split(text)) == text


@given(st.text(max_size=40))
def test_any_text_comes_back_but_for_runs_of_spaces(text):
    assert join(split(text)) == " ".join(text.split())


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Don't stop (yet).", ["Don", "￭'￭", "t", "stop", "(￭", "yet", "￭)￭", "."]),
        ("⟦0⟧abc ⟦1⟧,", ["⟦0⟧", "￭abc", "⟦1⟧", "￭,"]),
        ("3.5", ["3", "￭.￭", "5"]),
    ],
)
def test_marks_carry_the_joiner_and_slots_are_tokens(text, tokens):
    assert split(text) == tokens


LINES = [
    split(line)
    for line in ("The lamp is on. The door too.", "Turn the lamp off", "NASA saw the lamp", "the")
]


def test_words_at_the_beginning_of_a_sentence_are_written_as_elsewhere():
    casing = Casing.learn(LINES)
    assert casing.usual(split("The lamp. The NASA.")) == split("the lamp. the NASA.")
    assert casing.usual(split("Lamp")) == ["lamp"]
    assert casing.usual(split("Unseen words")) == split("Unseen words")


def test_sentences_get_their_capital_letters_back():
    assert join(enlarged(split("die lampe. «öl» ist da"))) == "Die lampe. «Öl» ist da"
    assert begins_large(split("(The"))
    assert not begins_large(split("3 the"))


def test_a_side_numbers_its_tokens_and_knows_other_cases():
    side = Side.learn(["The lamp is on.", "the lamp", "a Lamp"], "en")
    tokens = side.encode("THE lamp, Unheard")
    assert tokens.large
    assert tokens.ids[0] == side.id("the")
    assert tokens.ids[-1] == -1
    assert side.exact_id("THE") == -1
    assert side.join(["the", "lamp"], large=True) == "The lamp"


@pytest.mark.parametrize("language", ["en", "ja"])
def test_sides_are_saved_and_read(language, tmp_path):
    texts = ["Die Lampe ist an.", "Die Lampe ist aus.", "Eine ⟦0⟧ Lampe"] * 20
    side = Side.learn(texts, language)
    side.save(tmp_path, "target")
    again = Side.load(tmp_path, "target")
    for text in (*texts[:3], "Die Öllampe"):
        assert again.encode(text) == side.encode(text)
        assert again.join(again.encode(text).written, large=language == "en") == text


def test_without_text_there_is_nothing_to_learn():
    with pytest.raises(InputError, match="no words"):
        Side.learn([" "], "en")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "not JSON"),
        ("[]", "not a vocabulary"),
        ('{"tokens": ["a", "a"], "casing": []}', "tokens"),
        ('{"tokens": ["a"], "casing": [1]}', "casing"),
    ],
)
def test_a_damaged_vocabulary_is_refused(content, says, tmp_path):
    (tmp_path / "source.json").write_text(content, "utf-8")
    with pytest.raises(InputError, match=says):
        Side.load(tmp_path, "source")
