"""Truecasing: a word at the beginning of a sentence is written as it is elsewhere.

So `The` and `the` are one word to count. See Koehn et al. (2008), "Towards better machine
translation quality for the German-English language pairs".
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from latimer.statistical.tokens.words import JOINER, is_word

_ENDS = frozenset(".!?…")


class Casing:
    """The usual form of each word, by its lower case."""

    def __init__(self, forms: Iterable[str]) -> None:
        """Of the usual forms, one for each lower case."""
        self.forms = {form.lower(): form for form in forms}

    @classmethod
    def learn(cls, sentences: Iterable[Sequence[str]]) -> Casing:
        """From tokens that do not begin a sentence."""
        seen: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for tokens in sentences:
            beginnings = set(starts(tokens))
            for place, token in enumerate(tokens):
                if place not in beginnings and is_word(token):
                    seen[token.lower()][token] += 1
        return cls(_most_frequent(counts) for counts in seen.values())

    def usual(self, tokens: Sequence[str]) -> list[str]:
        """The tokens, those that begin a sentence in their usual form."""
        found = list(tokens)
        for place in starts(tokens):
            found[place] = self.forms.get(found[place].lower(), found[place])
        return found


def starts(tokens: Sequence[str]) -> Iterator[int]:
    """The places of the words that begin a sentence: the first, and those after `.`, `!` or `?`."""
    beginning = True
    for place, token in enumerate(tokens):
        if token.strip(JOINER) in _ENDS and not token.endswith(JOINER):
            beginning = True
        elif beginning and is_word(token):
            yield place
            beginning = False


def begins_large(tokens: Sequence[str]) -> bool:
    """Whether the first word begins with a capital letter."""
    for place in starts(tokens):
        return _first_letter(tokens[place]).isupper()
    return False


def enlarged(tokens: Sequence[str]) -> list[str]:
    """The tokens, each word that begins a sentence with a capital letter."""
    found = list(tokens)
    for place in starts(tokens):
        letter = _first_letter(found[place])
        found[place] = found[place].replace(letter, letter.upper(), 1)
    return found


def _first_letter(token: str) -> str:
    return next((character for character in token if character.isalpha()), "")


def _most_frequent(counts: Counter[str]) -> str:
    """Of equally frequent forms the one in lower case, which sorts last."""
    return max(counts, key=lambda form: (counts[form], form))
