"""Paradigms: the forms of a word, each an ending and the features that it stands for.

A form is written as a change of the lemma: `-s` adds an ending, `y>ies` replaces one, `=went` is
the whole form, `-` or nothing is the lemma; `ge+` in front adds a prefix, `¨` an umlaut to the last
vowel that can have one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from latimer.engines.rules.features import Features, Grammar
from latimer.engines.rules.places import Source

ALL, LIKE = "all", "like"
"""The cell of whatever no other cell is for, and the key of what a paradigm is made from."""

_FORM = re.compile(
    r"(?:=(?P<whole>.+)"
    r"|(?:(?P<prefix>[^-+>=¨]*)\+)?(?P<umlaut>¨)?"
    r"(?:(?P<old>[^-+>=¨]+)>(?P<new>[^-+>=]*)|-?(?P<ending>[^-+>=¨]*)))"
)
_UMLAUTS = {"a": "ä", "o": "ö", "u": "ü", "A": "Ä", "O": "Ö", "U": "Ü"}


@dataclass(frozen=True)
class Cell:
    """One form of a paradigm: how it is written in the file, and what it stands for."""

    features: Features
    change: str

    def form(self, lemma: str) -> str:
        """The form of a lemma; raises ValueError where an ending to replace is not there."""
        match = _FORM.fullmatch(self.change)
        assert match is not None, self.change
        if match["whole"]:
            return match["whole"]
        stem, ending = lemma, match["ending"] or ""
        if match["old"]:
            if not lemma.endswith(match["old"]):
                raise ValueError(f"{lemma!r} does not end in {match['old']!r}")
            stem, ending = lemma[: -len(match["old"])], match["new"]
        return (match["prefix"] or "") + (_with_umlaut(stem) if match["umlaut"] else stem) + ending


@dataclass(frozen=True)
class Paradigm:
    """The cells of a paradigm, in the order of the file."""

    name: str
    cells: tuple[Cell, ...]

    def best(self, features: Features) -> Cell | None:
        """The cell with the most features, all of which are among those given; None if none."""
        fitting = [cell for cell in self.cells if cell.features.items() <= features.items()]
        return max(fitting, key=lambda cell: len(cell.features), default=None)


@dataclass(frozen=True)
class Paradigms:
    """Those of both languages, and the source paradigm of a tag where an entry names none."""

    source: Mapping[str, Paradigm]
    target: Mapping[str, Paradigm]
    usual: Mapping[str, str]


def read_paradigms(source: Source, grammar: Grammar) -> Paradigms:
    """The sections `source`, `target` and `defaults`; raises InputError with file and line."""
    source.check_keys("", source.content, ["features", "tags", "source", "target", "defaults"])
    tables = {name: _read_side(source, name, grammar) for name in ("source", "target")}
    usual: dict[str, str] = {}
    for tag, name in source.section("defaults").items():
        if tag not in grammar.tags:
            raise source.error(f"defaults.{tag}", f"there is no tag {tag!r}")
        if name not in tables["source"]:
            raise source.error(f"defaults.{tag}", f"there is no source paradigm {name!r}")
        usual[tag] = name
    return Paradigms(tables["source"], tables["target"], usual)


def _read_side(source: Source, side: str, grammar: Grammar) -> dict[str, Paradigm]:
    written = {
        name: source.mapping(f"{side}.{name}", cells)
        for name, cells in source.section(side).items()
    }
    return {name: _read_one(source, side, written, name, grammar) for name in written}


def _read_one(
    source: Source, side: str, written: Mapping[str, dict[str, Any]], name: str, grammar: Grammar
) -> Paradigm:
    """A paradigm with the cells of those it is like, its own in place of theirs."""
    changes: dict[str, str] = {}
    for one in reversed(_line_of_descent(source, side, written, name)):
        for cell, change in written[one].items():
            if cell != LIKE:
                changes[cell] = _checked(source, f"{side}.{one}.{cell}", change)
    cells = []
    for cell, change in changes.items():
        try:
            cells.append(Cell({} if cell == ALL else grammar.parse(cell), change))
        except ValueError as error:
            raise source.error(f"{side}.{name}.{cell}", str(error)) from error
    return Paradigm(name, tuple(cells))


def _line_of_descent(
    source: Source, side: str, written: Mapping[str, dict[str, Any]], name: str
) -> list[str]:
    """The paradigm and those it is like, nearest first."""
    line = [name]
    while (other := written[line[-1]].get(LIKE)) is not None:
        key = f"{side}.{line[-1]}.{LIKE}"
        if other not in written:
            raise source.error(key, f"there is no {side} paradigm {other!r}")
        if other in line:
            circle = " → ".join([*line[line.index(other) :], other])
            raise source.error(key, f"a cycle among paradigms: {circle}")
        line.append(other)
    return line


def _checked(source: Source, key: str, change: object) -> str:
    text = "" if change is None else str(change)
    if not _FORM.fullmatch(text):
        raise source.error(key, f"{text!r} is no form; write -s, y>ies, =went, ge+en>t or ¨-e")
    return text


def _with_umlaut(stem: str) -> str:
    """The last a, o, u or au of a stem with its umlaut."""
    if (place := max(stem.rfind("au"), stem.rfind("Au"))) >= 0 and not re.search(
        "[aouAOU]", stem[place + 2 :]
    ):
        return stem[:place] + _UMLAUTS[stem[place]] + stem[place + 1 :]
    for place in range(len(stem) - 1, -1, -1):
        if stem[place] in _UMLAUTS:
            return stem[:place] + _UMLAUTS[stem[place]] + stem[place + 1 :]
    return stem
