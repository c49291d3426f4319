"""Glossaries: terms of the source and what stands for them in the translation."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from latimer.errors import InputError
from latimer.files import read_lines
from latimer.text.corpus.clean import normalise


class Term(NamedTuple):
    """One entry; `origin` is where it stands, for complaints."""

    source: str
    target: str
    origin: str = "glossary"


class Glossary:
    """Terms to look for in sentences.

    A term is found where it begins and ends at the boundary of a word. It is looked for as it is
    written, and then, if it is written in lower case, in any case. Of terms that overlap the one
    that begins first is found, of those the longest.
    """

    def __init__(self, terms: Iterable[Term]) -> None:
        """Raises InputError for an empty side, and for a term with two translations."""
        self.terms: list[Term] = []
        self._exact: dict[str, Term] = {}
        for given in terms:
            term = Term(normalise(given.source), normalise(given.target), given.origin)
            if not term.source or not term.target:
                raise InputError(f"{term.origin}: a term of source and of target expected")
            known = self._exact.setdefault(term.source, term)
            if known.target != term.target:
                raise InputError(
                    f"{term.origin}: {term.source!r} is to be {term.target!r}, but {known.origin} "
                    f"says {known.target!r}; keep one of them"
                )
            if known is term:
                self.terms.append(term)
        self._any_case = {s: term for s, term in self._exact.items() if s == s.lower()}
        self._longest = max(map(len, self._exact), default=0)

    @classmethod
    def of(cls, terms: Mapping[str, str]) -> Glossary:
        """That of a mapping from source to target terms."""
        return cls(Term(*pair, f"glossary[{pair[0]!r}]") for pair in terms.items())

    def find(self, text: str) -> list[Term]:
        """The terms that occur in `text`, each once, in the order of their first occurrence."""
        cuts = [place for place in range(len(text) + 1) if not _inside_a_word(text, place)]
        found: dict[str, Term] = {}
        begin = 0
        for start in cuts:
            if start < begin:
                continue
            for end in reversed([c for c in cuts if start < c <= start + self._longest]):
                written = text[start:end]
                term = self._exact.get(written) or self._any_case.get(written.lower())
                if term is not None:
                    found.setdefault(term.source, term)
                    begin = end
                    break
        return list(found.values())


def read_glossary(path: Path) -> Glossary:
    """That of a UTF-8 file, plain or `.gz`: a source term, a tab and its target term on each line.

    Blank lines are left out. Raises InputError naming file and line for whatever else there is.
    """
    terms = []
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            continue
        origin = f"{path}, line {number}"
        fields = line.split("\t")
        if len(fields) != 2:
            raise InputError(
                f"{origin}: a source term, one tab and a target term expected, not "
                f"{len(fields) - 1} tabs"
            )
        terms.append(Term(fields[0], fields[1], origin))
    return Glossary(terms)


def _inside_a_word(text: str, place: int) -> bool:
    return 0 < place < len(text) and _joins(text[place - 1]) and _joins(text[place])


def _joins(character: str) -> bool:
    """Whether it makes one word with what is beside it; East Asian characters need no spaces."""
    if unicodedata.east_asian_width(character) in "WF":
        return False
    return character == "_" or unicodedata.category(character)[0] in "LMN"
