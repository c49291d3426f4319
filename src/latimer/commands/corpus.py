"""`latimer corpus`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from latimer.commands.option_names import options_for
from latimer.errors import InputError
from latimer.formats.readers import ENDINGS
from latimer.text.corpus.clean import Cleaning
from latimer.text.corpus.split import Splitting

_RULES = Cleaning()


def corpus(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE…",
            help=f"Translations: {ENDINGS}; or plain text in two files, source then target, "
            "a sentence a line. Any may also end in .gz.",
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the corpus.")],
    source: Annotated[
        str | None,
        typer.Option(
            help="Code of the source language.  [default: from names such as a.en, else en]"
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(help="Code of the target language; needed unless names such as a.de tell it."),
    ] = None,
    columns: Annotated[
        str,
        typer.Option(
            help="Columns of source and target in tsv and csv: two numbers from 1, or two "
            "names of the first row."
        ),
    ] = "1,2",
    max_words: Annotated[
        int, typer.Option(min=1, help="Drop pairs with more words on one side.")
    ] = _RULES.max_words,
    max_characters: Annotated[
        int, typer.Option(min=1, help="Drop pairs with more characters on one side.")
    ] = _RULES.max_characters,
    max_ratio: Annotated[
        float,
        typer.Option(
            min=1.0,
            help="Drop pairs with one side more than this many times as wide as the other; a "
            "wide character, such as a Chinese one, counts twice.",
        ),
    ] = _RULES.max_ratio,
    keep_identical: Annotated[
        bool, typer.Option("--keep-identical", help="Keep pairs whose sides are equal.")
    ] = False,
    keep_duplicates: Annotated[
        bool, typer.Option("--keep-duplicates", help="Keep further copies of a pair.")
    ] = False,
    dev: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="Size of dev: a number of pairs, or a share below 1.  [default: 1000 pairs, "
            "of a small corpus a twentieth]",
        ),
    ] = None,
    test: Annotated[
        float | None, typer.Option(min=0, help="Size of test; values and default as for --dev.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the choice of what goes to dev and test.")] = 0,
    format: Annotated[
        Literal["text", "tsv"],
        typer.Option(help="text: two files a part, one a language; tsv: one table."),
    ] = "text",
    gzip: Annotated[bool, typer.Option("--gzip", help="Compress what is written.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report on stdout.")] = False,
) -> None:
    """Read files of translations, clean them, and write train, dev and test.

    Whole files or components are held out for dev and test where there are enough of them, else
    sentences; no source sentence of dev or test stands in train.
    """
    from collections import Counter

    from latimer.formats.readers import Wanted, read_files
    from latimer.text.corpus.prepare import prepare
    from latimer.text.corpus.write import write_prepared, write_report

    source, target = _languages(files, source, target)
    wanted = Wanted(source, target, _columns(columns))
    cleaning = Cleaning(max_words, max_characters, max_ratio, keep_identical, keep_duplicates)
    splitting = Splitting(dev, test, seed)
    _check_folder(out, files, source, target, format, gzip)
    skipped: Counter[str] = Counter()
    with options_for("max_words", "max_characters", "max_ratio", "keep_identical"):
        prepared = prepare(read_files(files, wanted, skipped), cleaning, splitting, skipped)
    written = write_prepared(prepared, out, source, target, format, gzip)
    facts = {
        "inputs": [str(file) for file in files],
        "cleaning": asdict(cleaning),
        "splitting": asdict(splitting),
        "files": [str(file) for file in written],
        **prepared.report.as_dict(),
    }
    report = write_report(out, source, target, facts)
    _show(report, prepared.report.table(), as_json)


def _languages(files: list[Path], source: str | None, target: str | None) -> tuple[str, str]:
    from latimer.formats.readers import languages_of_names
    from latimer.text.language import check_languages

    if source is None and target is None and (told := languages_of_names(files)):
        source, target = told
    source = source or "en"
    if not target:
        raise InputError("--target is needed: the code of the target language, such as de")
    check_languages(source, target, ("--source", "--target"))
    return source, target


def _columns(columns: str) -> tuple[str, str]:
    names = [name.strip() for name in columns.split(",")]
    numbers = [name.isdecimal() for name in names]
    if len(names) != 2 or not all(names) or "0" in names or any(numbers) != all(numbers):
        raise InputError(
            f"--columns: {columns!r} is neither two numbers from 1, such as 1,2, nor two names"
        )
    return names[0], names[1]


def _check_folder(
    out: Path,
    files: list[Path],
    source: str,
    target: str,
    form: Literal["text", "tsv"],
    gzipped: bool,
) -> None:
    """Refuse to write over what is to be read, and make the folder before the work begins."""
    from latimer.text.corpus.write import part_names

    inputs = {file.resolve(): file for file in files}
    for part in ("train", "dev", "test"):
        for name in part_names(part, source, target, form, gzipped):
            if file := inputs.get((out / name).resolve()):
                raise InputError(f"--out: {out} would write over the input {file}; choose another")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--out: cannot make {out}: {error.strerror or error}") from error


def _show(report: dict[str, Any], table: Any, as_json: bool) -> None:
    import json

    from rich.console import Console

    console = Console(stderr=True)
    console.print(table)
    for file in report["files"]:
        console.print(f"wrote {file}", markup=False, highlight=False, soft_wrap=True)
    if as_json:
        typer.echo(json.dumps(report, indent=2))
