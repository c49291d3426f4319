"""The lexicon: a TSV file, an entry a line, that gives each word its translation.

Columns, named in the first line: `lemma`, `tag`, `translation`, `paradigm` of the translation,
and, where wanted, `source` (the paradigm of the lemma) and `features` (such as the gender). A `#`
in a lemma of several words marks the end of the word that is inflected: `turn# off`; without it
the last one is. A `|` in a translation marks a separable particle: `aus|wählen`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from latimer.engines.rules.features import Features, Grammar
from latimer.engines.rules.paradigms import Paradigm, Paradigms
from latimer.errors import InputError
from latimer.model.reading import unreadable

NEEDED, FURTHER = ("lemma", "tag", "translation", "paradigm"), ("source", "features")


@dataclass(frozen=True)
class Entry:
    """A word and its translation.

    source, paradigm: of the lemma and of the translation; None if it has one form only. line: of
    the file.
    """

    lemma: str
    tag: str
    translation: str
    source: Paradigm | None
    paradigm: Paradigm | None
    features: Features
    line: int

    def source_forms(self) -> Iterator[tuple[str, Features]]:
        """Each form of the lemma, and its features with those of the entry."""
        if self.source is None:
            yield self.lemma.replace("#", ""), self.features
            return
        for cell in self.source.cells:
            features = {**self.features, **cell.features}
            yield inflected(self.lemma, cell.form), features


def inflected(phrase: str, form: object) -> str:
    """A phrase with the word in it inflected that is: before `#`, or else the last."""
    assert callable(form)
    if "#" in phrase:
        word, _, rest = phrase.partition("#")
        before, space, word = word.rpartition(" ")
        return f"{before}{space}{form(word)}{rest}"
    before, space, word = phrase.rpartition(" ")
    return f"{before}{space}{form(word)}"


def read_lexicon(path: Path, grammar: Grammar, paradigms: Paradigms) -> list[Entry]:
    """The entries, in order.

    Raises InputError, naming file and line, for missing columns, an unknown tag, paradigm or
    feature, an entry that is there already, and a paradigm that does not fit its word.
    """
    entries: list[Entry] = []
    lines: dict[tuple[str, str], int] = {}
    for number, cells in _rows(path):
        try:
            entry = _entry(cells, number, grammar, paradigms)
            key = entry.lemma.casefold().replace("#", ""), entry.tag
            if key in lines:
                raise ValueError(
                    f"{entry.lemma!r} as {entry.tag} is there already, in line {lines[key]}; "
                    "leave one of the two out"
                )
        except ValueError as error:
            raise InputError(f"{path}, line {number}: {error}") from error
        lines[key] = number
        entries.append(entry)
    return entries


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """The lines that hold entries, by column; blank lines and those that begin with # do not."""
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise unreadable(path, error) from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8") from error
    header: list[str] | None = None
    for number, line in enumerate(text.split("\n"), 1):
        line = line.rstrip("\r")
        if not line.strip() or line.startswith("#"):
            continue
        cells = [cell.strip() for cell in line.split("\t")]
        if header is None:
            header = cells
            _check_header(path, number, header)
            continue
        if len(cells) > len(header):
            raise InputError(
                f"{path}, line {number}: {len(cells)} columns, but the first line names "
                f"{len(header)}"
            )
        yield number, dict(zip(header, cells + [""] * (len(header) - len(cells)), strict=True))
    if header is None:
        raise InputError(f"{path}: no first line that names the columns {', '.join(NEEDED)}")


def _check_header(path: Path, number: int, header: list[str]) -> None:
    known = (*NEEDED, *FURTHER)
    wrong = [name for name in header if name not in known or header.count(name) > 1]
    missing = [name for name in NEEDED if name not in header]
    if wrong or missing:
        what = f"{wrong[0]!r} is no column" if wrong else f"{missing[0]!r} is missing"
        raise InputError(
            f"{path}, line {number}: the first line names the columns, separated by tabs; {what}; "
            f"columns are {', '.join(known)}"
        )


def _entry(cells: Mapping[str, str], number: int, grammar: Grammar, paradigms: Paradigms) -> Entry:
    lemma, tag = cells["lemma"], cells["tag"]
    if not lemma:
        raise ValueError("the lemma is missing")
    if tag not in grammar.tags:
        known = ", ".join(grammar.tags)
        raise ValueError(f"unknown tag {tag!r}; paradigms.yaml has {known}")
    source = cells.get("source", "") or paradigms.usual.get(tag, "")
    entry = Entry(
        lemma, tag, cells["translation"],
        _paradigm(source, paradigms.source, "source"),
        _paradigm(cells["paradigm"], paradigms.target, "target"),
        grammar.parse(cells.get("features", "")), number,
    )  # fmt: skip
    for _ in entry.source_forms():
        pass
    if entry.paradigm is not None:
        for cell in entry.paradigm.cells:
            inflected(bare(entry.translation), cell.form)
    return entry


def bare(translation: str) -> str:
    """A translation without its separable particle."""
    return translation.rpartition("|")[2]


def particle(translation: str) -> str:
    """The separable particle of a translation; empty if it has none."""
    return translation.rpartition("|")[0]


def _paradigm(name: str, known: Mapping[str, Paradigm], side: str) -> Paradigm | None:
    if not name or name == "-":
        return None
    if name not in known:
        raise ValueError(f"unknown {side} paradigm {name!r}; paradigms.yaml does not have it")
    return known[name]
