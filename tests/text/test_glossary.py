"""Glossaries: what is found in a sentence, and files that are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latimer.errors import InputError
from latimer.text.glossary import Glossary, Term, read_glossary


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The bank is open.", ["bank"]),
        ("Banks, embankment, bank2 and bank_x", []),
        ("“bank”", ["bank"]),
        ("BANK", ["bank"]),
        ("A bank account at the bank", ["bank account", "bank"]),
        ("A bank account", ["bank account"]),
        ("The may of May", ["May"]),
        ("may", []),
        ("the us and the US", ["US"]),
        ("the polish", ["polish"]),
        ("The Polish", ["Polish"]),
        ("Wi-Fi is on", ["wi-fi"]),
        ("C++ rules", ["C++"]),
        ("naïvebank", []),
        ("银行账户", ["账户"]),
        ("", []),
    ],
)  # fmt: skip
def test_terms_found_by_hand(text, found):
    names = ["bank", "bank account", "May", "US", "polish", "Polish", "wi-fi", "C++", "账户"]
    glossary = Glossary.of({name: f"<{name}>" for name in names})
    assert [term.source for term in glossary.find(text)] == found


words = st.lists(st.sampled_from(["ka", "lo", "mi", "Ka"]), min_size=1, max_size=3).map(" ".join)


@given(terms=st.sets(words, max_size=4), text=st.lists(words, max_size=4).map(", ".join))
def test_every_term_found_stands_there_and_none_is_missed(terms, text):
    found = {term.source for term in Glossary.of(dict.fromkeys(terms, "x")).find(text)}
    padded = f" {text.replace(',', ' ,')} "
    for term in found:
        assert f" {term} " in padded or f" {term} " in padded.lower()
    if not found:
        assert not any(f" {term} " in padded for term in terms)


def test_a_file_is_read_and_white_space_made_even(tmp_path):
    path = tmp_path / "terms.tsv"
    path.write_text("bank\tUfer\n\n  big   bank \tgroßes  Ufer\r\nbank\tUfer\n")
    assert read_glossary(path).terms == [
        Term("bank", "Ufer", f"{path}, line 1"),
        Term("big bank", "großes Ufer", f"{path}, line 3"),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a\tb\nbank Ufer\n", "line 2: a source term, one tab and a target term expected, not 0"),
        ("a\tb\tc\n", "line 1: a source term, one tab and a target term expected, not 2 tabs"),
        ("a\t \n", "line 1: a term of source and of target expected"),
        ("a\tb\nx\ty\na\tc\n", "line 3: 'a' is to be 'c', but .*, line 1 says 'b'"),
    ],
)
def test_a_file_that_is_no_glossary_is_refused(content, message, tmp_path):
    path = tmp_path / "terms.tsv"
    path.write_text(content)
    with pytest.raises(InputError, match=message):
        read_glossary(path)
