"""Placeholders, tags and links as slots: what a translator must copy, never translate.

`Hello {name}, <b>welcome</b>` becomes `Hello ⟦0⟧, ⟦1⟧welcome⟦2⟧` with the table
`["{name}", "<b>", "</b>"]`. Each slot is one symbol of the subword vocabulary, so a model learns to
place it and cannot misspell it. Masking is exact: `unmask(*mask(text)) == text` for every text. To
that end a `⟦` that stands in the text itself is doubled.

Branches of ICU plurals (`{n, plural, one {# file} other {# files}}`) hold words and stay as text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

MAX_SLOTS = 16
"""Distinct placeholders a sentence may have; further ones are left as text."""

_PLACEHOLDERS = {
    "Home Assistant reference": r"\[%[^\[\]]*%\]",
    "link": r"(?:https?|ftp)://[^\s<>\"'`()\[\]]*[^\s<>\"'`()\[\].,;:!?]",
    "template": r"\{\{[^{}]{1,200}\}\}|\{%[^{}]{1,200}%\}",
    "shell or Ruby variable": r"[$%#]\{[^{}\s]{1,100}\}|\$\[\w+\]|\$\(\w+\)|(?<!\w)\$[A-Za-z_]\w*",
    "brace": r"\{[^{}\s,]{0,100}\}",
    "ICU argument": r"\{\s*\w+\s*,\s*(?:number|date|time|spellout|ordinal|duration)\b[^{}]*\}",
    "percent name": r"%\(\w+\)[-+#0]*\d*(?:\.\d+)?[a-zA-Z]|%[A-Z][A-Z0-9_]{2,}%?",
    "printf": (
        r"%%|%(?:\d+\$)?[-+#0]*(?:\d+|\*)?(?:\.(?:\d+|\*))?(?:hh|h|ll|l|q|j|z|t|L)?"
        r"[diouxXeEfFgGcsSpnr@]"
    ),
    "Qt": r"%L?[0-9]{1,2}",
    "tag": (
        r"</?[A-Za-z][\w:.-]*"
        r"(?:\s+[\w:.-]+\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s\"'<>]+))*\s*/?>"
    ),
    "entity": r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});",
    "code": r"`[^`\s{}<>%$]+`",
}
"""In order of precedence where two begin at the same character."""

_PLACEHOLDER = re.compile("|".join(_PLACEHOLDERS.values()))
_PLACEHOLDER_OR_BRACKET = re.compile("|".join([*_PLACEHOLDERS.values(), "⟦"]))
_SLOT_OR_BRACKET = re.compile(r"⟦⟦|⟦(0|[1-9]|1[0-5])⟧")


def slot(k: int) -> str:
    """The symbol of slot `k`, `0 <= k < MAX_SLOTS`."""
    return f"⟦{k}⟧"


def mask(source: str) -> tuple[str, list[str]]:
    """`source` with its placeholders replaced by slots, and the table of originals.

    Slots are numbered by first appearance; equal placeholders share one.
    """
    table: list[str] = []

    def replace(match: re.Match[str]) -> str:
        original = match[0]
        if original == "⟦":
            return "⟦⟦"
        if original not in table:
            if len(table) == MAX_SLOTS:
                return original.replace("⟦", "⟦⟦")
            table.append(original)
        return slot(table.index(original))

    return _PLACEHOLDER_OR_BRACKET.sub(replace, source), table


def without_placeholders(text: str) -> str:
    """`text` with U+FFFC, which belongs to no word, in place of every placeholder."""
    return _PLACEHOLDER_OR_BRACKET.sub(lambda m: m[0] if m[0] == "⟦" else "\ufffc", text)


def split_placeholders(text: str) -> Iterator[tuple[str, bool]]:
    """`text` in parts, none empty, and whether each is a placeholder; joined they are the text."""
    end = 0
    for match in _PLACEHOLDER.finditer(text):
        if match.start() > end:
            yield text[end : match.start()], False
        yield match[0], True
        end = match.end()
    if end < len(text):
        yield text[end:], False


def mask_target(target: str, table: list[str]) -> str:
    """`target` with the originals of its source's `table` replaced by the same slots.

    Placeholders that the source does not have stay as text.
    """
    originals = sorted(table, key=len, reverse=True)
    pattern = "|".join([*map(re.escape, originals), "⟦"])

    def replace(match: re.Match[str]) -> str:
        return "⟦⟦" if match[0] == "⟦" else slot(table.index(match[0]))

    return re.sub(pattern, replace, target)


def unmask(text: str, table: list[str]) -> str:
    """`text` with every slot replaced by its original; slots outside the table vanish."""

    def restore(match: re.Match[str]) -> str:
        if match[1] is None:
            return "⟦"
        k = int(match[1])
        return table[k] if k < len(table) else ""

    return _SLOT_OR_BRACKET.sub(restore, text)
