"""Generation: words inflected, particles moved, contractions made, capitals and spaces put in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from latimer.engines.rules.features import NUMBER, PUNCTUATION, SLOT, UNKNOWN, Grammar, shown
from latimer.engines.rules.lexicon import bare, inflected, particle
from latimer.engines.rules.nodes import Node, Reading, Word, words_of
from latimer.engines.rules.transfer_rules import Transfer

MARK = "*"
HYPHEN = "-"
"""Joins the words that a rule puts it between: `output: [1, =-, 2]`."""
_OPENING, _CLOSING = frozenset("([{«„¿¡“‘"), frozenset(".,;:!?)]}»”’…%")
_COPIED = (UNKNOWN, NUMBER, PUNCTUATION, SLOT)


@dataclass(frozen=True)
class Form:
    """A word of the translation, the word that it was made of, and the features of its form."""

    text: str
    word: Word
    features: str


def inflect(word: Word, transfer: Transfer, grammar: Grammar) -> tuple[Form, str]:
    """The form of a word, and the particle that it leaves for the end of its clause."""
    reading = word.reading
    if reading.target is None:
        return Form(word.text, word, ""), ""
    translation, paradigm = reading.target.word, reading.target.paradigm
    stem, apart = bare(translation), particle(translation)
    features = grammar.complete(reading.tag, reading.features)
    cell = None if paradigm is None else paradigm.best(features)
    form = stem if cell is None else inflected(stem, cell.form)
    leaves = bool(apart) and not transfer.particles.isdisjoint(features.values())
    form = form.replace("#", "")
    text = apart + form.replace(" ", "") if apart and not leaves else form
    return Form(text, word, shown(cell.features) if cell else ""), apart if leaves else ""


def generate(nodes: Iterable[Node], transfer: Transfer, grammar: Grammar) -> list[Form]:
    """The forms of the translation in their order, separable particles at the ends of clauses."""
    forms: list[Form] = []
    waiting: list[Form] = []
    for word in (word for node in nodes for word in words_of(node)):
        if word.reading.tag in transfer.particles_before:
            forms += waiting
            waiting = []
        form, apart = inflect(word, transfer, grammar)
        if form.text:
            forms.append(form)
        if apart:
            target = Word("", -1, 0, True, (Reading(apart, "", {}),))
            waiting.append(Form(apart, target, ""))
    return forms + waiting


def contract(forms: Sequence[Form], contractions: Mapping[tuple[str, str], str]) -> list[Form]:
    """The forms with neighbours such as `de el` made one."""
    found: list[Form] = []
    for form in forms:
        if found and found[-1].word.reading.tag not in _COPIED:
            pair = found[-1].text.casefold(), form.text.casefold()
            if (short := contractions.get(pair)) is not None:
                found[-1] = replace(found[-1], text=short)
                continue
        found.append(form)
    return found


def capitalise(forms: Sequence[Form], words: Sequence[Word]) -> list[Form]:
    """The forms with the capitals of the source.

    A word that is all capitals stays so. One that begins with a capital keeps it, where the lemma
    does not have it anyway, but at the start of a sentence: there the translation begins with one
    if the source did.
    """
    starts = _sentence_starts(words)
    found = [
        form if form.word.reading.target is None else _carried(form, form.word.place in starts)
        for form in forms
    ]
    begin = True
    for at, form in enumerate(found):
        if begin and any(map(str.isalnum, form.text)):
            if form.word.reading.tag not in _COPIED and _raised(form, words, starts):
                found[at] = replace(form, text=_capital(form.text))
            begin = False
        begin = begin or _ends_sentence(form.word)
    return found


def join(forms: Sequence[Form], *, mark_unknown: bool) -> str:
    """The text, spaced as the source where two words stand as they stood there."""
    texts = [
        MARK + form.text if mark_unknown and form.word.reading.tag == UNKNOWN else form.text
        for form in forms
    ]
    text = "".join(texts[:1])
    for (left, right), written in zip(pairwise(forms), texts[1:], strict=True):
        text += " " * _spaced(left, right) + written
    return text


def _spaced(left: Form, right: Form) -> bool:
    before, after = left.word, right.word
    if before.place >= 0 and after.place == before.place + before.tokens:
        return after.space
    if right.text in _CLOSING or left.text in _OPENING or HYPHEN in (left.text, right.text):
        return False
    return after.reading.tag != PUNCTUATION or after.space


def _carried(form: Form, start: bool) -> Form:
    """The form with the case of its source word, but for a capital at the start of a sentence."""
    source = form.word.text
    letters = [one for one in source if one.isalpha()]
    if len(letters) > 1 and all(one.isupper() for one in letters):
        lemma = form.word.reading.lemma
        return form if lemma.isupper() else replace(form, text=form.text.upper())
    if source[:1].isupper() and not start and not form.word.reading.lemma[:1].isupper():
        return replace(form, text=_capital(form.text))
    return form


def _sentence_starts(words: Sequence[Word]) -> set[int]:
    """The places of the first words of sentences."""
    starts, begin = set(), True
    for word in words:
        if begin and word.reading.tag != PUNCTUATION:
            starts.add(word.place)
            begin = False
        begin = begin or _ends_sentence(word)
    return starts


def _raised(form: Form, words: Sequence[Word], starts: set[int]) -> bool:
    """Whether the sentence that a form is in began with a capital."""
    first = max((start for start in starts if start <= form.word.place), default=min(starts))
    return any(word.place == first and word.text[:1].isupper() for word in words)


def _ends_sentence(word: Word) -> bool:
    return word.reading.tag == PUNCTUATION and word.text in ".!?…"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
