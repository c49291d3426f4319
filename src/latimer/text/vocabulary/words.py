"""Words and punctuation, taken apart so that they can be put together again.

A piece that touches the one before it carries a joiner: `Hello, you!` becomes `Hello ￭, you ￭!`.
The joiner is that of OpenNMT's tokeniser (Klein et al. 2017).
"""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import cache

JOINER = "￭"


def split_words(text: str) -> str:
    """The words, slots and punctuation marks of `text`, one space apart."""
    pieces: list[str] = []
    for chunk in text.split(" "):
        parts = _pattern().findall(chunk)
        pieces += parts[:1] + [JOINER + part for part in parts[1:]]
    return " ".join(pieces)


def join_words(text: str) -> str:
    """What `split_words` was given, but for runs of spaces."""
    return text.replace(" " + JOINER, "").removeprefix(JOINER)


@cache
def _pattern() -> re.Pattern[str]:
    # Punctuation, symbols and spaces by Unicode category: \w would cut Indic words at vowel signs.
    alone = "".join(
        re.escape(character)
        for character in map(chr, range(sys.maxunicode + 1))
        if unicodedata.category(character)[0] in "PSZ"
    )
    return re.compile(f"⟦\\d+⟧|[{alone}]|[^{alone}]+")
