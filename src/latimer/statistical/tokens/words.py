"""Words and punctuation marks as tokens, and back exactly.

A mark that touches what is before or behind it carries a joiner on that side, as in OpenNMT's
tokeniser (Klein et al. 2017): `Don't stop (yet).` is `Don ￭'￭ t stop (￭ yet ￭) ￭.`. So a word is
one token wherever it stands. Slots of placeholders are tokens of their own.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Sequence
from functools import cache

JOINER = "￭"
_WRITTEN = "\\joiner"
"""Stands for a joiner that the text itself has: no token of a text looks like it."""
_SLOT = re.compile(r"⟦\d+⟧")


def split(text: str) -> list[str]:
    """The tokens of a text; runs of spaces count as one."""
    tokens: list[str] = []
    for chunk in text.split():
        parts = _pattern().findall(chunk)
        for place, part in enumerate(parts):
            mark = len(part) == 1 and _is_mark(part)
            first, last = not place, place == len(parts) - 1
            written = _WRITTEN if part == JOINER else part
            if mark:
                before = JOINER if not first and not tokens[-1].endswith(JOINER) else ""
                tokens.append(f"{before}{written}{'' if last else JOINER}")
            else:
                touching = not first and not tokens[-1].endswith(JOINER)
                tokens.append(JOINER + written if touching else written)
    return tokens


def join(tokens: Sequence[str]) -> str:
    """The text of some tokens; what `split` was given, but for runs of spaces."""
    text = " ".join(tokens)
    text = text.replace(f"{JOINER} {JOINER}", "").replace(f"{JOINER} ", "")
    text = text.replace(f" {JOINER}", "").strip(JOINER)
    return text.replace(_WRITTEN, JOINER)


def is_word(token: str) -> bool:
    """Whether a token has a letter, and is no slot."""
    return not _SLOT.fullmatch(token.strip(JOINER)) and any(map(str.isalpha, token))


def _is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] in "PS"


@cache
def _pattern() -> re.Pattern[str]:
    # By Unicode category: \w would cut Indic words at their vowel signs.
    marks = "".join(re.escape(c) for c in map(chr, range(sys.maxunicode + 1)) if _is_mark(c))
    return re.compile(f"⟦\\d+⟧|[{marks}]|[^{marks}]+")
