"""Every format, by the end of the file's name.

A new format is a file of this folder and an entry in READERS.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from latimer.errors import InputError
from latimer.formats.mo import read_mo
from latimer.formats.pair import Pair
from latimer.formats.parallel import read_plain
from latimer.formats.po import read_po
from latimer.formats.tmx import read_tmx
from latimer.formats.tsv import FIRST_TWO, Columns, read_csv, read_tsv
from latimer.formats.xliff import read_xliff
from latimer.text.language import canonical


@dataclass(frozen=True)
class Wanted:
    """What to take from files that hold more than one pair of languages or columns."""

    source: str
    """Language code."""
    target: str
    columns: Columns = FIRST_TWO


Reader = Callable[[Path, Wanted, Counter[str]], Iterator[Pair]]
"""Pairs of a file; counts by reason, in the last argument, the entries that it leaves out."""

READERS: dict[str, Reader] = {
    ".tsv": lambda path, wanted, _: read_tsv(path, wanted.columns),
    ".tab": lambda path, wanted, _: read_tsv(path, wanted.columns),
    ".csv": lambda path, wanted, _: read_csv(path, wanted.columns),
    ".po": lambda path, _, skipped: read_po(path, skipped),
    ".mo": lambda path, _, skipped: read_mo(path, skipped),
    ".tmx": lambda path, wanted, skipped: read_tmx(path, wanted.source, wanted.target, skipped),
    ".xlf": lambda path, wanted, skipped: read_xliff(path, wanted.source, wanted.target, skipped),
    ".xliff": lambda path, wanted, skipped: read_xliff(path, wanted.source, wanted.target, skipped),
}
"""Formats that hold both languages in one file."""

ENDINGS = ", ".join(READERS)
"""For help texts and messages."""

PLAIN_ENDINGS = frozenset({"", ".txt", ".text", ".src", ".trg", ".tgt", ".ref"})
"""Of plain text in two files, besides language codes such as `.en`."""

_CODE = re.compile("[a-z]{2}([-_][a-z]+)?")


def format_suffix(path: Path) -> str:
    """The end of the name that tells the format: `.tmx` of `memory.TMX.gz`."""
    return Path(path.name.lower().removesuffix(".gz")).suffix


def read_files(paths: Sequence[Path], wanted: Wanted, skipped: Counter[str]) -> Iterator[Pair]:
    """The pairs of all files, one after the other; plain text as source, target, source, target, …

    Raises InputError for a name that tells no format, a plain file without its partner and pairs in
    the wrong order, before anything is read, and whatever the readers raise.
    """
    plain = [path for path in paths if format_suffix(path) not in READERS]
    for path in plain:
        _check_plain(path, wanted)
    if len(plain) % 2:
        raise InputError(
            f"{plain[-1]}: plain text comes as two files, source then target; for other formats "
            f"the name must end in {ENDINGS} (or that and .gz)"
        )
    couples = list(zip(plain[::2], plain[1::2], strict=True))
    for source, target in couples:
        _check_order(source, target, wanted)
    return _read(paths, couples, wanted, skipped)


def _read(
    paths: Sequence[Path],
    couples: Sequence[tuple[Path, Path]],
    wanted: Wanted,
    skipped: Counter[str],
) -> Iterator[Pair]:
    for source, target in couples:
        yield from read_plain(source, target)
    for path in paths:
        if reader := READERS.get(format_suffix(path)):
            yield from reader(path, wanted, skipped)


def _check_plain(path: Path, wanted: Wanted) -> None:
    """Refuse an ending that is neither a language code nor one of plain text."""
    suffix = format_suffix(path)
    if suffix in PLAIN_ENDINGS or _CODE.fullmatch(suffix[1:]):
        return
    if canonical(suffix[1:]) not in (canonical(wanted.source), canonical(wanted.target)):
        raise InputError(
            f"{path}: {suffix} is no ending of a format that is read; they are {ENDINGS} (or that "
            "and .gz); give plain text, in two files, names that end in .txt or a language code"
        )


def _check_order(source: Path, target: Path, wanted: Wanted) -> None:
    codes = [canonical(format_suffix(path).lstrip(".")) for path in (source, target)]
    if codes == [canonical(wanted.target), canonical(wanted.source)]:
        raise InputError(
            f"{source} comes before {target}, but the source language is {wanted.source}; "
            "give the source file first"
        )


def languages_of_names(paths: Sequence[Path]) -> tuple[str, str] | None:
    """The languages that the names of the first two plain files end in: `a.en`, `a.de.gz`."""
    plain = [path for path in paths if format_suffix(path) not in READERS][:2]
    codes = [format_suffix(path).lstrip(".") for path in plain]
    if len(codes) == 2 and all(_CODE.fullmatch(code) for code in codes):
        return (codes[0], codes[1]) if codes[0] != codes[1] else None
    return None
