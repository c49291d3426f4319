"""Analysis: a text as words, each with its readings in the order of the lexicon."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from latimer.engines.rules.features import NUMBER, PUNCTUATION, SLOT, UNKNOWN
from latimer.engines.rules.lexicon import Entry
from latimer.engines.rules.nodes import Reading, Word
from latimer.text.vocabulary.placeholders import split_placeholders

_TOKEN = re.compile(
    r"(?P<number>\d+(?:[.,:]\d+)*%?(?!\w))|(?P<genitive>(?<=\w)['’]s\b)"
    r"|(?P<word>\w+(?:(?!['’]s\b)['’\-.&/]\w+)*)|(?P<other>\S)"
)
_KINDS = {"number": NUMBER, "genitive": UNKNOWN, "word": UNKNOWN, "other": PUNCTUATION}
_SAID = re.compile(r"\w")


class Token(NamedTuple):
    """A token of a text, the tag that it has without a lexicon, and whether a space is in front."""

    text: str
    kind: str
    space: bool


def tokenise(text: str) -> list[Token]:
    """Words, numbers, characters of punctuation, and placeholders."""
    tokens: list[Token] = []
    space = False
    for part, fixed in split_placeholders(text):
        if fixed:
            tokens.append(Token(part, SLOT, space))
            space = False
            continue
        end = 0
        for match in _TOKEN.finditer(part):
            space = space or match.start() > end
            assert match.lastgroup is not None
            tokens.append(Token(match[0], _KINDS[match.lastgroup], space))
            space, end = False, match.end()
        space = space or end < len(part)
    return tokens


class Analyser:
    """Finds the longest words that the lexicon has, from left to right."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._readings: dict[tuple[str, ...], list[Reading]] = {}
        for entry in entries:
            for form, features in entry.source_forms():
                key = tuple(token.text.casefold() for token in tokenise(form))
                reading = Reading(entry.lemma, entry.tag, features, entry)
                several = self._readings.setdefault(key, [])
                if reading not in several:
                    several.append(reading)
        self._longest = max(map(len, self._readings), default=1)

    def analyse(self, text: str) -> list[Word]:
        """The words of a text; what the lexicon lacks has one reading, of a built-in tag."""
        tokens = tokenise(text)
        words: list[Word] = []
        place = 0
        while place < len(tokens):
            size, readings = self._at(tokens, place)
            words.append(_word(tokens, place, size, readings))
            place += size
        return words

    def _at(self, tokens: Sequence[Token], place: int) -> tuple[int, tuple[Reading, ...]]:
        for size in range(min(self._longest, len(tokens) - place), 0, -1):
            span = tokens[place : place + size]
            if any(token.kind == SLOT for token in span):
                continue
            if found := self._readings.get(tuple(token.text.casefold() for token in span)):
                return size, tuple(found)
        token = tokens[place]
        return 1, (Reading(token.text, token.kind, {}),)


def _word(tokens: Sequence[Token], place: int, size: int, readings: tuple[Reading, ...]) -> Word:
    span = tokens[place : place + size]
    text = span[0].text + "".join(" " * token.space + token.text for token in span[1:])
    return Word(text, place, size, span[0].space, readings)
