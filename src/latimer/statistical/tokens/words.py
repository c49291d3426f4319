"""Words and punctuation marks as tokens, and back exactly.

A mark that touches what is before or behind it carries a joiner on that side, as in OpenNMT's
tokeniser (Klein et al. 2017): `Don't stop (yet).` is `Don ￭'￭ t stop (￭ yet ￭) ￭.`. So a word is
one token wherever it stands. Slots of placeholders are tokens of their own.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

JOINER = "￭"
_WRITTEN = "\\joiner"
"""Stands for a joiner that the text itself has: no token of a text looks like it."""
REMEMBERED = 1 << 17
"""Words whose tokens are kept, so that a corpus is split quickly."""
_SLOT = re.compile(r"⟦\d+⟧")


def split(text: str) -> list[str]:
    """The tokens of a text; runs of spaces count as one."""
    return [token for chunk in text.split() for token in _tokens(chunk)]


def join(tokens: Sequence[str]) -> str:
    """The text of some tokens; what `split` was given, but for runs of spaces."""
    text = " ".join(tokens)
    text = text.replace(f"{JOINER} {JOINER}", "").replace(f"{JOINER} ", "")
    text = text.replace(f" {JOINER}", "").strip(JOINER)
    return text.replace(_WRITTEN, JOINER)


@lru_cache(REMEMBERED)
def is_word(token: str) -> bool:
    """Whether a token has a letter, and is no slot."""
    return not _SLOT.fullmatch(token.strip(JOINER)) and any(map(str.isalpha, token))


@lru_cache(REMEMBERED)
def _tokens(chunk: str) -> tuple[str, ...]:
    """Those of a text without spaces."""
    tokens: list[str] = []
    parts = list(_parts(chunk))
    for place, part in enumerate(parts):
        written = _WRITTEN if part == JOINER else part
        touches = place > 0 and not tokens[-1].endswith(JOINER)
        if touches:
            written = JOINER + written
        if place + 1 < len(parts) and _is_mark(part):
            written += JOINER
        tokens.append(written)
    return tuple(tokens)


def _parts(chunk: str) -> Iterator[str]:
    """Slots, single marks, and what stands between them."""
    place = 0
    for found in _SLOT.finditer(chunk):
        yield from _words_and_marks(chunk[place : found.start()])
        yield found[0]
        place = found.end()
    yield from _words_and_marks(chunk[place:])


def _words_and_marks(text: str) -> Iterator[str]:
    # By Unicode category: \w would cut Indic words at their vowel signs.
    word = ""
    for character in text:
        if _is_mark(character):
            if word:
                yield word
            yield character
            word = ""
        else:
            word += character
    if word:
        yield word


def _is_mark(part: str) -> bool:
    return len(part) == 1 and unicodedata.category(part)[0] in "PS"
