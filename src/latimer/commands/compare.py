"""`latimer compare`."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from latimer.commands.search_options import Beam, EngineDevice, Given, MaxLength, Set, Threads

if TYPE_CHECKING:
    from rich.console import Console

    from latimer.compare.report import ComparisonReport, Question
    from latimer.compare.store import Store
    from latimer.compare.systems import System
    from latimer.compare.translated import Translated, Ways
    from latimer.compare.words import Training
    from latimer.engines.translator import Translator
    from latimer.model.config import Languages
    from latimer.search.strategies import Search
    from latimer.text.glossary import Glossary

WIDTH = 110
"""Columns of the tables where no terminal says how many there are."""


def compare(
    source: Annotated[Path, typer.Argument(metavar="SRC", help="Text to translate.")],
    reference: Annotated[
        Path, typer.Argument(metavar="REF", help="Reference translations, line by line.")
    ],
    systems: Annotated[
        list[str],
        typer.Argument(
            metavar="SYSTEM…",
            help="Model folders, apertium:en-es, files of translations, or copy; NAME=SYSTEM names "
            "one, NAME=SYSTEM,SYSTEM a group of seeds.",
        ),
    ],
    html: Annotated[
        Path | None, typer.Option("--html", help="Write a page with everything to this file.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    ter: Annotated[bool, typer.Option("--ter", help="TER too; takes a while.")] = False,
    pair: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,NAME",
            help="The two systems whose n-grams and sentences are shown.  [default: the first two]",
        ),
    ] = None,
    train: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Target side of the training text, for the frequency of words.  [default: that of "
            "the first model that names it]",
        ),
    ] = None,
    glossary: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Source and target terms, separated by tabs: how many are kept is counted.",
        ),
    ] = None,
    outputs: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep what is translated in this folder.")
    ] = None,
    reuse: Annotated[
        bool, typer.Option("--reuse", help="Take from --outputs what was translated before.")
    ] = False,
    language: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="CODE",
            help="Target language, where no model tells; BLEU depends on it.",
        ),
    ] = None,
    samples: Annotated[int, typer.Option(min=1, help="Samples of the bootstrap.")] = 1000,
    trials: Annotated[int, typer.Option(min=1, help="Trials of randomisation.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of all draws.")] = 12345,
    beam: Beam = None,
    max_length: MaxLength = None,
    settings: Set = None,
    threads: Threads = None,
    device: EngineDevice = None,
) -> None:
    """Compare translators of any kind on a test set: scores, differences, p-values, a page.

    Every system that is loaded is searched its own way, but for what the options say.
    """
    from rich.text import Text

    from latimer.commands.user_modules import find_user_modules
    from latimer.compare.report import compare as report_of
    from latimer.compare.systems import read_systems
    from latimer.compare.work import translate_all
    from latimer.formats.parallel import read_parallel
    from latimer.model.config import Languages

    texts, references = read_parallel(source, reference)
    found = read_systems(systems)
    asked = Asked(
        ter, _names(pair, found), train, glossary, Languages(target=language or ""),
        (samples, trials, seed),
    )  # fmt: skip
    asked.check()
    _check_files(html, (source, reference), found)
    find_user_modules()
    given = Given(
        {
            "search.width": ("--beam", beam),
            "constraints.max_length": ("--max-length", max_length),
            "engine.threads": ("--threads", threads),
            "engine.device": ("--device", device),
        },
        settings,
    )
    store = _store(outputs, reuse, found, given)
    console = _console()
    translated = translate_all(found, texts, _ways(given), store, console)
    with console.status("scoring …"):
        report = report_of(texts, references, translated, asked.question(translated))
    if html is not None:
        _write_page(report, source.name, html)
        console.print(Text(f"written: {html}"))
    _write(report, json)


@dataclass(frozen=True)
class Asked:
    """What the options ask of the comparison; the files are read when `question` is called."""

    ter: bool
    pair: tuple[str, str] | None
    train: Path | None
    glossary: Path | None
    languages: Languages
    draws: tuple[int, int, int]

    def check(self) -> None:
        """Raises InputError for a language or a file that cannot be, before the work begins."""
        from latimer.files import reading
        from latimer.text.language import check_code

        if self.languages.target:
            check_code(self.languages.target, "--to")
        if self.glossary is not None:
            self._terms()
        if self.train is not None:
            with reading(self.train) as file:
                file.read(1)

    def question(self, translated: list[Translated]) -> Question:
        """The question for these systems."""
        from latimer.compare.report import METRICS, Question, common_languages
        from latimer.compare.statistics import Draws

        language = common_languages(translated, self.languages).target
        return Question(
            (*METRICS, "ter") if self.ter else METRICS,
            Draws(*self.draws),
            self.languages,
            self.pair,
            _training(self.train, translated, language),
            self._terms(),
        )

    def _terms(self) -> Glossary | None:
        from latimer.text.glossary import read_glossary

        return None if self.glossary is None else read_glossary(self.glossary)


def _names(pair: str | None, systems: list[System]) -> tuple[str, str] | None:
    """The two names of --pair; raises InputError unless they are those of two systems."""
    from latimer.compare.report import chosen_pair
    from latimer.errors import InputError

    if pair is None:
        return None
    first, comma, second = pair.partition(",")
    if not comma:
        raise InputError(f"--pair {pair}: two names are expected, with a comma between them")
    chosen_pair([system.name for system in systems], (first.strip(), second.strip()))
    return first.strip(), second.strip()


def _check_files(html: Path | None, read: tuple[Path, Path], systems: list[System]) -> None:
    from latimer.commands.streams import check_output
    from latimer.compare.systems import Kind

    if html is not None:
        files = [
            Path(member.given)
            for system in systems
            for member in system.members
            if member.kind is Kind.FILE
        ]
        check_output("--html", html, *read, *files)


def _store(folder: Path | None, reuse: bool, systems: list[System], given: Given) -> Store | None:
    from latimer.compare.store import Store, check_names
    from latimer.errors import InputError

    if folder is None:
        if reuse:
            raise InputError("--reuse: say with --outputs where the outputs are")
        return None
    check_names(systems)
    store = Store(folder, given.sections, reuse)
    store.check()
    return store


def _ways(given: Given) -> Ways:
    from latimer.compare.translated import Ways

    def search(translator: Translator) -> Search:
        asked = given.search(translator)
        given.check(translator, asked, constraints)
        return asked

    constraints = given.constraints()
    return Ways(lambda name: given.translator(Path(name)), search, constraints)


def _training(path: Path | None, translated: list[Translated], language: str) -> Training | None:
    """The words of --train, or of the first training text that a model names and that is there."""
    from latimer.compare.words import Training, training_counts
    from latimer.files import read_lines

    if path is None:
        named = [one.training for system in translated for one in system.members if one.training]
        path = next((one for one in named if one.is_file() and os.access(one, os.R_OK)), None)
    if path is None:
        return None
    return Training(str(path), training_counts(read_lines(path), language))


def _console() -> Console:
    from rich.console import Console

    return Console(file=sys.stderr, highlight=False, soft_wrap=True)


def _write_page(report: ComparisonReport, title: str, path: Path) -> None:
    from latimer.compare.page.document import page
    from latimer.files import write_atomically

    text = page(report, title)
    write_atomically(path, lambda to: _write_text(to, text))


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _write(report: ComparisonReport, json: bool) -> None:
    from rich.console import Console

    from latimer.commands.streams import open_output
    from latimer.compare.as_json import as_json
    from latimer.compare.terminal import show

    with open_output(None) as out:
        if json:
            out.write(as_json(report))
        else:
            show(report, Console(file=out, highlight=False, width=None if out.isatty() else WIDTH))
