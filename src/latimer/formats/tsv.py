"""Tables: tab separated (no quoting at all) and comma separated (quoted as RFC 4180 says)."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from latimer.errors import InputError
from latimer.files import read_lines
from latimer.formats.pair import Origin, Pair

Columns = tuple[str, str]
"""Those of source and target: numbers counted from 1, or names found in the first row."""

FIRST_TWO: Columns = ("1", "2")

_Rows = Iterator[tuple[int, Sequence[str]]]


def read_tsv(path: Path, columns: Columns = FIRST_TWO) -> Iterator[Pair]:
    """The pairs of a tab-separated UTF-8 file, plain or `.gz`; a quote is a character like any.

    Raises InputError for a row without one of the columns, or a name the first row does not have.
    """
    rows = ((number, line.split("\t")) for number, line in enumerate(read_lines(path), start=1))
    return _pairs(path, rows, columns, "tabs")


def read_csv(path: Path, columns: Columns = FIRST_TWO) -> Iterator[Pair]:
    """The pairs of a comma-separated UTF-8 file, plain or `.gz`; quoted fields may hold newlines.

    Raises InputError as `read_tsv` does, and for quotes that do not match.
    """
    return _pairs(path, _csv_rows(path), columns, "commas")


def _csv_rows(path: Path) -> _Rows:
    reader = csv.reader((line + "\n" for line in read_lines(path)), strict=True)
    first = 1
    try:
        for row in reader:
            yield first, row
            first = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"{path}, row at line {first}: not proper CSV ({error})") from error


def _pairs(path: Path, rows: _Rows, columns: Columns, separator: str) -> Iterator[Pair]:
    by_number = all(column.isdecimal() for column in columns)
    wanted = [int(column) - 1 for column in columns] if by_number else None
    for number, row in rows:
        if wanted is None:
            wanted = _find(path, row, columns)
            continue
        if not any(row):
            continue
        if len(row) <= max(wanted):
            raise InputError(
                f"{path}, line {number}: has {len(row)} of the {max(wanted) + 1} columns needed; "
                f"they must be separated by {separator}; choose others as columns"
            )
        yield Pair(row[wanted[0]], row[wanted[1]], Origin(str(path), number, str(path)))


def _find(path: Path, header: Sequence[str], columns: Columns) -> list[int]:
    for column in columns:
        if column not in header:
            raise InputError(
                f"{path}, line 1: no column {column!r}; there are: {', '.join(header)}"
            )
    return [header.index(column) for column in columns]
