"""Lexical transfer: every reading of a word gets the translation that its entry has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from latimer.engines.rules.nodes import Reading, Target, Word


def transfer_words(words: Iterable[Word]) -> list[Word]:
    """The words with the target of each reading; what the lexicon lacks has none."""
    return [replace(word, readings=tuple(map(_transferred, word.readings))) for word in words]


def _transferred(reading: Reading) -> Reading:
    if reading.entry is None:
        return reading
    return replace(reading, target=Target(reading.entry.translation, reading.entry.paradigm))
