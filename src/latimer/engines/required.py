"""What a translation must hold: phrases of the user's and target terms of a glossary, as pieces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

from latimer.engines.given import check_text, check_writable
from latimer.errors import InputError, LatimerError
from latimer.search.scorer import DeadEnd
from latimer.text.corpus.clean import normalise
from latimer.text.glossary import Glossary
from latimer.text.vocabulary.placeholders import without_placeholders
from latimer.text.vocabulary.vocabulary import Vocabulary


class Phrase(NamedTuple):
    """A text, its pieces, and where it comes from, for complaints."""

    text: str
    pieces: list[int]
    origin: str


class Required:
    """The phrases that the translation of each text must hold."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        must: Sequence[str] = (),
        glossary: Glossary | Mapping[str, str] | None = None,
        *,
        max_length: int | None = None,
        min_length: int = 0,
        no_repeat: int | None = None,
        prefix: int = 0,
    ) -> None:
        """`must` are phrases of every translation; `prefix` is the length of a forced prefix.

        Raises InputError for a phrase that cannot be written: it holds what the vocabulary does
        not have, is too long for `max_length`, or repeats `no_repeat` pieces. So does a source
        term with a placeholder, if the vocabulary keeps those apart: it would never be found.
        """
        self._max_length, self._min_length = max_length, min_length
        self._no_repeat, self._prefix = no_repeat, prefix
        if isinstance(must, str):
            raise InputError("must: a list of phrases expected, not one text")
        if isinstance(glossary, Mapping):
            glossary = Glossary.of(glossary)
        terms = [] if glossary is None else glossary.terms
        self._apart = vocabulary.placeholders
        for term in terms:
            if self._words(term.source) != term.source:
                raise InputError(
                    f"{term.origin}: {term.source!r} holds a placeholder, which comes out as it "
                    "goes in; leave it out of the term"
                )
        texts = [normalise(text) for text in must]
        origins = ["must"] * len(texts) + [term.origin for term in terms]
        texts += [term.target for term in terms]
        for text, origin in zip(texts, origins, strict=True):
            check_text(text, origin)
        pieces = vocabulary.encode_targets(texts)
        phrases = [Phrase(*one) for one in zip(texts, pieces, origins, strict=True)]
        for phrase in phrases:
            if not phrase.pieces:
                raise InputError(f"{phrase.origin}: an empty phrase; every translation holds that")
            check_writable(vocabulary, phrase.text, phrase.pieces, phrase.origin)
            self._check([phrase])
        self._must, self._glossary = phrases[: len(must)], glossary
        self._of = dict(zip((t.source for t in terms), phrases[len(must) :], strict=True))
        self._check(self._must)

    def of(self, text: str) -> list[Phrase]:
        """The phrases for the translation of `text`; equal target terms are demanded once.

        Raises InputError, naming text and phrases, when they cannot be written together.
        """
        phrases = list(self._must)
        for term in self._glossary.find(self._words(text)) if self._glossary else []:
            phrase = self._of[term.source]
            if phrase.pieces not in [other.pieces for other in phrases]:
                phrases.append(phrase)
        self._check(phrases, f"text {_short(text)}: ")
        return phrases

    def _words(self, text: str) -> str:
        """The text without what the vocabulary keeps apart from its words."""
        return without_placeholders(text) if self._apart else text

    def _check(self, phrases: Sequence[Phrase], text: str = "") -> None:
        """Refuse phrases that are too long for the limit, or repeat what may not be repeated.

        Phrases may overlap, so those that lie inside a longer one are not counted.
        """
        phrases = _outermost(phrases)
        if not phrases:
            return
        names = _named(phrases)
        size = sum(len(phrase.pieces) for phrase in phrases)
        if self._max_length is not None and self._prefix + size >= self._max_length:
            before = f" and the {self._prefix} of the prefix" if self._prefix else ""
            raise InputError(
                f"{text}{names}: the {size} pieces{before} do not fit into max_length "
                f"{self._max_length}, which counts the end of sentence"
            )
        n = self._no_repeat
        if n is not None and _repeats([phrase.pieces for phrase in phrases], n):
            raise InputError(
                f"{text}{names}: {n} pieces in a row would stand there twice, which no_repeat "
                f"{n} forbids; leave one of the two out"
            )

    def pieces(self, texts: Sequence[str]) -> list[list[list[int]]]:
        """The phrases for each text, as `constrained_beam_search` takes them; see `of`."""
        return [[phrase.pieces for phrase in self.of(text)] for text in texts]

    def explained(self, error: DeadEnd, texts: Sequence[str], *, begun: bool) -> LatimerError:
        """What to raise when one of `texts` had no translation: `error` if nothing was demanded.

        Otherwise one thing that was demanded has banned another. `begun`: with the prefix.
        """
        options = [f"min_length {self._min_length}"] * (self._min_length > 0)
        options += [f"no_repeat {self._no_repeat}"] * (self._no_repeat is not None)
        options += ["the prefix"] * begun
        known = error.sentence is not None or len(texts) == 1
        text = texts[error.sentence or 0]
        phrases = self.of(text) if known else []
        if not options and not phrases:
            return error
        place = f"text {_short(text)}: " if known else ""
        holding = f" and holds {_named(phrases)}" if phrases else ""
        several = len(options) + len(phrases) > 1
        return InputError(
            f"{place}no translation agrees with "
            f"{' and '.join(options) or 'what the model holds possible'}{holding}; leave "
            f"{'one of them' if several else 'it'} out"
        )


def _outermost(phrases: Sequence[Phrase]) -> list[Phrase]:
    """Those whose pieces do not stand inside a longer one's; equal ones are demanded twice."""
    return [
        phrase
        for phrase in phrases
        if not any(
            len(phrase.pieces) < len(other.pieces) and _inside(phrase.pieces, other.pieces)
            for other in phrases
        )
    ]


def _repeats(phrases: Sequence[list[int]], n: int) -> bool:
    """Whether `n` pieces in a row stand twice however the phrases are written."""
    grams = [[tuple(pieces[k : k + n]) for k in range(len(pieces) - n + 1)] for pieces in phrases]
    if any(len(set(own)) < len(own) for own in grams):
        return True
    return any(
        set(grams[a]) & set(grams[b]) and not _overlap(phrases[a], phrases[b])
        for a, b in combinations(range(len(phrases)), 2)
    )


def _overlap(one: list[int], other: list[int]) -> bool:
    """Whether the end of one may be the beginning of the other, which is another phrase."""
    return one != other and any(
        a[-size:] == b[:size]
        for a, b in ((one, other), (other, one))
        for size in range(1, min(len(a), len(b)) + 1)
    )


def _inside(part: list[int], whole: list[int]) -> bool:
    size = len(part)
    return any(whole[k : k + size] == part for k in range(len(whole) - size + 1))


def _named(phrases: Sequence[Phrase]) -> str:
    return "; ".join(f"{phrase.origin}: {phrase.text!r}" for phrase in phrases)


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:39] + "…")
