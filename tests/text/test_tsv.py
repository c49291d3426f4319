import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generated import LINE_PAIRS
from latimer.errors import InputError
from latimer.formats.tsv import read_csv, read_tsv

FIELDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs"], exclude_characters="\0\r\ufeff")
).filter(bool)


@given(LINE_PAIRS)
def test_tsv_comes_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    path = tmp_path_factory.mktemp("tsv") / "a.tsv"
    path.write_text("".join(f"{a}\t{b}\n" for a, b in rows), encoding="utf-8", newline="")
    assert [pair[:2] for pair in read_tsv(path)] == rows


@given(st.lists(st.tuples(FIELDS, FIELDS, FIELDS)))
def test_csv_comes_back_with_quotes_commas_and_newlines(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]]
) -> None:
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("id", "en", "de"), *rows])
    assert [pair[:2] for pair in read_csv(path, ("de", "en"))] == [(c, b) for _, b, c in rows]


def test_a_quote_in_tsv_is_a_character(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text('"a\t"b" c\n')
    assert [pair[:2] for pair in read_tsv(path)] == [('"a', '"b" c')]


def test_columns_by_number_and_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('1,"one\ntwo",eins\n\n2,three,drei\n')
    pairs = list(read_csv(path, ("3", "2")))
    assert [pair[:2] for pair in pairs] == [("eins", "one\ntwo"), ("drei", "three")]
    assert [pair.origin.line for pair in pairs] == [1, 4]


@pytest.mark.parametrize(
    ("name", "content", "columns", "message"),
    [
        ("a.tsv", "a\tb\nc\n", ("1", "2"), r"a\.tsv, line 2: has 1 of the 2 columns.*by tabs"),
        ("a.csv", "a;b\n", ("1", "2"), r"a\.csv, line 1: has 1 of the 2 columns.*by commas"),
        ("a.tsv", "en\tde\n", ("en", "fr"), r"line 1: no column 'fr'; there are: en, de"),
        ("a.csv", 'a,b\n"c,d\n', ("1", "2"), r"a\.csv, row at line 2: not proper CSV"),
        ("a.csv", 'a,b\n"c"d,e\n', ("1", "2"), r"a\.csv, row at line 2: not proper CSV"),
        ("a.csv", f'a,b\n"{"x" * 200_000}",e\n', ("1", "2"), r"row at line 2: not proper CSV"),
    ],
)
def test_bad_tables(
    tmp_path: Path, name: str, content: str, columns: tuple[str, str], message: str
) -> None:
    (tmp_path / name).write_text(content)
    read = read_tsv if name.endswith("tsv") else read_csv
    with pytest.raises(InputError, match=message):
        list(read(tmp_path / name, columns))
