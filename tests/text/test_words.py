import pytest
from hypothesis import given
from hypothesis import strategies as st

from latimer.text.vocabulary.words import join_words, split_words

MARKS = st.sampled_from("aéß語हि'.,!-%⟦⟧0€\u00a0")
TOKENS = st.one_of(MARKS, st.sampled_from(["⟦0⟧", "⟦15⟧", "word"]))
CHUNKS = st.lists(TOKENS, min_size=1, max_size=6).map("".join)


@given(st.lists(CHUNKS, max_size=6).map(" ".join))
def test_joining_undoes_splitting(text: str) -> None:
    assert join_words(split_words(text)) == text


@pytest.mark.parametrize(
    ("text", "split"),
    [
        ("Hello, you!", "Hello ￭, you ￭!"),
        ("don't", "don ￭' ￭t"),
        ("⟦0⟧s of ⟦12⟧⟦3⟧.", "⟦0⟧ ￭s of ⟦12⟧ ￭⟦3⟧ ￭."),
        ("हिन्दी 3.14", "हिन्दी 3 ￭. ￭14"),
        ("(a)", "( ￭a ￭)"),
        ("", ""),
    ],
)
def test_splits_words_from_punctuation(text: str, split: str) -> None:
    assert split_words(text) == split
