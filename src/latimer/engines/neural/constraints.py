"""The constraints of a text for a model: prefix, phrases and terms as pieces, rules, limits."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import torch
from torch import Tensor

from latimer.engines.neural.pieces import prefix_pieces, why_not_writable
from latimer.errors import LatimerError, SettingError
from latimer.search.constraints import MAX_LENGTH, Constraints
from latimer.search.rules import ForcedPrefix, MinimumLength, NoRepeat, Rule
from latimer.search.scorer import DeadEnd, default_max_length
from latimer.text.checking import check_text
from latimer.text.corpus.clean import normalise
from latimer.text.glossary import Term
from latimer.text.vocabulary.placeholders import without_placeholders
from latimer.text.vocabulary.vocabulary import Vocabulary

SPARE = 10
"""Tokens that a translation may go on for beyond the minimum length, without `max_length`."""


class Phrase(NamedTuple):
    """A text, its pieces, and where it comes from, for messages."""

    text: str
    pieces: list[int]
    origin: str


class Compiled:
    """Constraints on texts, for one vocabulary."""

    def __init__(self, vocabulary: Vocabulary, constraints: Constraints) -> None:
        """Raises SettingError for a prefix, phrase or term that cannot be written.

        It holds what the vocabulary does not have, is too long for `max_length`, or repeats
        `no_repeat` pieces. A source term with a placeholder is refused, too, if the vocabulary
        keeps those apart: it would never be found.
        """
        self.constraints = constraints
        self.min_length = constraints.min_length or 0
        self.max_length, self.no_repeat = constraints.max_length, constraints.no_repeat
        self.prefix = prefix_pieces(
            vocabulary, constraints.prefix, self.max_length or MAX_LENGTH, "constraints.prefix"
        )
        self._apart = vocabulary.placeholders
        terms = [] if constraints.glossary is None else constraints.glossary.terms
        for term in terms:
            self._check_source(term)
        texts = [normalise(text) for text in constraints.phrases]
        origins = ["constraints.phrases"] * len(texts) + [term.origin for term in terms]
        texts += [term.target for term in terms]
        phrases = self._written(vocabulary, texts, origins)
        count = len(constraints.phrases)
        self._phrases = phrases[:count]
        self._terms = dict(zip((term.source for term in terms), phrases[count:], strict=True))
        self._check(self._phrases)

    @property
    def ruled(self) -> bool:
        """Whether some tokens are banned."""
        return bool(self.min_length or self.prefix or self.no_repeat is not None)

    @property
    def free(self) -> bool:
        """Whether nothing is demanded but a length at most."""
        return not (self.ruled or self._phrases or self._terms)

    def of(self, text: str) -> list[Phrase]:
        """The phrases for the translation of `text`; equal target terms are demanded once.

        Raises SettingError, naming text and phrases, when they cannot be written together.
        """
        phrases, glossary = list(self._phrases), self.constraints.glossary
        for term in glossary.find(self._words(text)) if glossary else []:
            phrase = self._terms[term.source]
            if phrase.pieces not in [other.pieces for other in phrases]:
                phrases.append(phrase)
        self._check(phrases, f"text {_short(text)}: ")
        return phrases

    def pieces(self, text: str) -> list[list[int]]:
        """The phrases for a text, as `constrained_beam_search` takes them; see `of`."""
        return [phrase.pieces for phrase in self.of(text)]

    def explained(self, error: DeadEnd, text: str) -> LatimerError:
        """What to raise when `text` had no translation: `error` if nothing was demanded.

        Otherwise one thing that was demanded has banned another.
        """
        options = [f"min_length {self.min_length}"] * (self.min_length > 0)
        options += [f"no_repeat {self.no_repeat}"] * (self.no_repeat is not None)
        options += ["the prefix"] * bool(self.prefix)
        phrases = self.of(text)
        if not options and not phrases:
            return error
        holding = f" and holds {_named(phrases)}" if phrases else ""
        several = len(options) + len(phrases) > 1
        reason = (
            f"no translation agrees with "
            f"{' and '.join(options) or 'what the model holds possible'}{holding}; leave "
            f"{'one of them' if several else 'it'} out"
        )
        return SettingError("constraints", text, reason, f"text {_short(text)}: {reason}")

    def _words(self, text: str) -> str:
        """The text without what the vocabulary keeps apart from its words."""
        return without_placeholders(text) if self._apart else text

    def _check_source(self, term: Term) -> None:
        if self._words(term.source) != term.source:
            why = "holds a placeholder, which comes out as it goes in; leave it out of the term"
            raise _refused(term.origin, term.source, why)

    def _written(
        self, vocabulary: Vocabulary, texts: Sequence[str], origins: Sequence[str]
    ) -> list[Phrase]:
        for text, origin in zip(texts, origins, strict=True):
            check_text(text, origin)
        found = zip(texts, vocabulary.encode_targets(texts), origins, strict=True)
        phrases = [Phrase(*one) for one in found]
        for phrase in phrases:
            if not phrase.pieces:
                raise _refused(phrase.origin, "", "is empty; every translation holds that")
            if why := why_not_writable(vocabulary, phrase.text, phrase.pieces):
                raise _refused(phrase.origin, phrase.text, why)
            self._check([phrase])
        return phrases

    def _check(self, phrases: Sequence[Phrase], text: str = "") -> None:
        """Refuse phrases that are too long for the limit, or repeat what may not be repeated.

        Phrases may overlap, so those that lie inside a longer one are not counted.
        """
        phrases = _outermost(phrases)
        if not phrases:
            return
        size = sum(len(phrase.pieces) for phrase in phrases)
        if self.max_length is not None and len(self.prefix) + size >= self.max_length:
            before = f" and the {len(self.prefix)} of the prefix" if self.prefix else ""
            why = (
                f"the {size} pieces{before} do not fit into max_length {self.max_length}, which "
                "counts the end of sentence"
            )
            raise _excluded(text, phrases, why)
        n = self.no_repeat
        if n is not None and _repeats([phrase.pieces for phrase in phrases], n):
            why = (
                f"{n} pieces in a row would stand there twice, which no_repeat {n} forbids; leave "
                "one of the two out"
            )
            raise _excluded(text, phrases, why)


def rules_of(several: Sequence[Compiled]) -> list[Rule]:
    """The rules of a batch, of which each sentence has its own constraints."""
    rules: list[Rule] = []
    if any(one.min_length for one in several):
        rules.append(MinimumLength([one.min_length for one in several]))
    if any(one.no_repeat is not None for one in several):
        rules.append(NoRepeat([one.no_repeat for one in several]))
    if any(one.prefix for one in several):
        rules.append(ForcedPrefix([one.prefix for one in several]))
    return rules


def length_limits(
    several: Sequence[Compiled], lengths: Tensor, phrases: Sequence[Sequence[Sequence[int]]]
) -> Tensor:
    """The most tokens of each translation, `[batch]`; they and `lengths [batch]` count EOS.

    Without `max_length` the limit of `default_max_length` grows by the pieces of prefix and
    phrases, and so that `min_length` is reached with room to end.
    """
    needed = [
        len(one.prefix) + sum(map(len, theirs))
        for one, theirs in zip(several, phrases, strict=True)
    ]
    least = lengths.new_tensor([one.min_length + SPARE for one in several])
    usual = torch.maximum(default_max_length(lengths) + lengths.new_tensor(needed), least)
    stated = lengths.new_tensor([one.max_length or 0 for one in several])
    return torch.where(stated > 0, stated, usual)


def _refused(origin: str, text: str, why: str) -> SettingError:
    field = origin if origin == "constraints.phrases" else "constraints.glossary"
    return SettingError(field, text, f"it {why}", f"{origin}: {text!r} {why}")


def _excluded(text: str, phrases: Sequence[Phrase], why: str) -> SettingError:
    texts = [phrase.text for phrase in phrases]
    return SettingError("constraints", texts, why, f"{text}{_named(phrases)}: {why}")


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
