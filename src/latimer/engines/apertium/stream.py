r"""Apertium's stream format: text with its special characters escaped, and superblanks.

A superblank, `[…]`, is carried through translation like white space; placeholders become such.
The characters ``\ [ ] { } ^ $ / @ < >`` mean something in the format and are escaped in text.
"""

from __future__ import annotations

import re

from latimer.text.vocabulary.placeholders import split_placeholders

END = ".[]"
"""What Apertium's own formatters put behind a text: an end of sentence that is taken off again.

Without it some programs keep the end of a text back until the next comes.
"""

_SPECIAL = re.compile(r"[\\\[\]{}^$/@<>]")
_SUPERBLANK = re.compile(r"(?<!\\)((?:\\\\)*)\[((?:[^\\\]]|\\.)*)\]", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def to_stream(text: str) -> str:
    """A text as the programs of a mode read it."""
    parts = [
        f"[{_escape(part)}]" if fixed else _escape(part)
        for part, fixed in split_placeholders(text.replace("\0", " "))
    ]
    return "".join(parts) + END


def from_stream(output: str, text: str) -> str:
    """The translation of `text` in what the programs of a mode wrote.

    Words that were left out leave double spaces, and a full stop that meets that of `END` comes
    apart from its word; both are mended.
    """
    plain = _SUPERBLANK.sub(r"\1\2", output.removesuffix(END))
    translated = " ".join(_ESCAPED.sub(r"\1", plain).split())
    if translated.endswith(" .") and not text.endswith(" ."):
        return translated[:-2] + "."
    return translated


def _escape(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", text)
