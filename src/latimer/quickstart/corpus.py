"""The text of the quickstart: Home Assistant's interface strings, or the user's files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from latimer.errors import InputError
from latimer.files import read_lines
from latimer.formats.pair import Pair
from latimer.formats.readers import Wanted, languages_of_names, read_files
from latimer.quickstart import homeassistant
from latimer.text.corpus.prepare import Prepared, prepare
from latimer.text.corpus.write import part_names, write_prepared, write_report
from latimer.text.language import check_languages

PARTS = ("train", "dev", "test")


@dataclass(frozen=True)
class Languages:
    """Codes such as `en` and `de`."""

    source: str
    target: str


def languages_of(files: Sequence[Path], source: str | None, target: str | None) -> Languages:
    """The languages of the options, else of the names of two text files, else English to German.

    Raises InputError for an invalid pair of languages, and when the target language of the user's
    files is unknown.
    """
    if source is None and target is None and (told := languages_of_names(files)):
        source, target = told
    if target is None and files:
        raise InputError("--to is needed: the language that your files translate into, such as de")
    chosen = Languages(source or "en", target or "de")
    check_languages(chosen.source, chosen.target, ("--from", "--to"))
    return chosen


def read_own(files: Sequence[Path], languages: Languages) -> Prepared:
    """Read, clean and split the user's files; raises InputError naming file and line."""
    skipped: Counter[str] = Counter()
    wanted = Wanted(languages.source, languages.target)
    return prepare(read_files(files, wanted, skipped), skipped=skipped)


def read_home_assistant(wheel: Path, languages: Languages) -> Prepared:
    """Read, clean and split the strings in a wheel of Home Assistant."""
    skipped: Counter[str] = Counter()
    pairs = homeassistant.read(wheel, languages.target, languages.source, skipped)
    return prepare(pairs, skipped=skipped)


def text_files(folder: Path, part: str, languages: Languages) -> tuple[Path, Path]:
    """Source and target file of one part in `folder`."""
    source, target = part_names(part, languages.source, languages.target, "text", gzipped=False)
    return folder / source, folder / target


def write(prepared: Prepared, folder: Path, languages: Languages, begun: bool) -> None:
    """Write the parts to `folder`; when training has `begun`, check that they are equal instead.

    Raises InputError when the folder holds other text.
    """
    if not begun:
        write_prepared(prepared, folder, languages.source, languages.target)
        write_report(folder, languages.source, languages.target, prepared.report.as_dict())
        return
    for part, pairs in zip(PARTS, (prepared.train, prepared.dev, prepared.test), strict=True):
        if not _same(text_files(folder, part, languages), pairs):
            raise InputError(
                f"{folder.parent}: holds a run on other text; choose another folder with --out"
            )


def _same(files: tuple[Path, Path], pairs: Sequence[Pair]) -> bool:
    columns = ([pair.source for pair in pairs], [pair.target for pair in pairs])
    return all(
        file.is_file() and list(read_lines(file)) == column
        for file, column in zip(files, columns, strict=True)
    )
