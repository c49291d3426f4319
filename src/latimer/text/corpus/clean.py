"""Cleaning parallel text: what is kept, what is dropped, and why.

Every pair is normalised, then held against the rules of `Cleaning` in the order of `REASONS`; the
first rule it breaks is the reason it is dropped for.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from latimer.formats.pair import Origin, Pair

REASONS = ("empty", "too long", "length ratio", "identical", "duplicate")

EXAMPLES = 3
"""Origins remembered for each reason."""

RATIO_SLACK = 8
"""Added to both widths before they are compared, so that short labels may differ freely."""

_BLANKS = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0), 0xFEFF], " ")


@dataclass(frozen=True)
class Cleaning:
    """The rules; a limit is the largest value that is kept."""

    max_words: int = 100
    """White-space separated words of either side."""
    max_characters: int = 600
    """Characters of either side; the limit that works for scripts without spaces."""
    max_ratio: float = 2.5
    """Width of the wider side to the narrower, see `width_ratio`."""
    keep_identical: bool = False
    """Whether pairs whose source equals their target stay."""
    keep_duplicates: bool = False
    """Whether further copies of a pair stay."""


@dataclass
class Cleaned:
    """The pairs kept, in the order they were read, and an account of the others."""

    pairs: list[Pair] = field(default_factory=list)
    read: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[Origin]] = field(default_factory=dict)

    def drop(self, pair: Pair, reason: str) -> None:
        """Count `pair` as dropped for `reason`."""
        self.dropped[reason] += 1
        origins = self.examples.setdefault(reason, [])
        if len(origins) < EXAMPLES:
            origins.append(pair.origin)


def normalise(text: str) -> str:
    """`text` in Unicode's NFC, each run of white space and control characters one space."""
    return " ".join(unicodedata.normalize("NFC", text).translate(_BLANKS).split())


def width(text: str) -> int:
    """Columns of a terminal: East Asian wide characters count twice, since they say more."""
    if text.isascii():
        return len(text)
    return sum(1 + (unicodedata.east_asian_width(character) in "WF") for character in text)


def width_ratio(source: str, target: str) -> float:
    """Width of the wider text to the narrower one's, `RATIO_SLACK` added to both; at least 1."""
    narrow, wide = sorted((width(source), width(target)))
    return (wide + RATIO_SLACK) / (narrow + RATIO_SLACK)


def reason_to_drop(pair: Pair, rules: Cleaning) -> str:
    """The first rule that a normalised pair breaks by itself, or an empty string."""
    source, target, _ = pair
    if not source or not target:
        return "empty"
    if max(len(source), len(target)) > rules.max_characters:
        return "too long"
    if max(source.count(" "), target.count(" ")) + 1 > rules.max_words:
        return "too long"
    if width_ratio(source, target) > rules.max_ratio:
        return "length ratio"
    if source == target and not rules.keep_identical:
        return "identical"
    return ""


def clean(
    pairs: Iterable[Pair], rules: Cleaning, prefer: Callable[[Pair], int] | None = None
) -> Cleaned:
    """Normalise all pairs and keep those that break no rule.

    Of equal pairs the one with the greatest `prefer` stays, the first of them where there are
    several. Holds the kept pairs in memory.
    """
    cleaned = Cleaned()
    kept = _keep_sound(pairs, rules, cleaned)
    if rules.keep_duplicates:
        cleaned.pairs = list(kept)
    else:
        _keep_distinct(kept, prefer or (lambda pair: 0), cleaned)
    return cleaned


def _keep_sound(pairs: Iterable[Pair], rules: Cleaning, cleaned: Cleaned) -> Iterator[Pair]:
    for raw in pairs:
        cleaned.read += 1
        pair = Pair(normalise(raw.source), normalise(raw.target), raw.origin)
        if reason := reason_to_drop(pair, rules):
            cleaned.drop(pair, reason)
        else:
            yield pair


def _keep_distinct(pairs: Iterable[Pair], prefer: Callable[[Pair], int], cleaned: Cleaned) -> None:
    best: dict[tuple[str, str], Pair] = {}
    for pair in pairs:
        key = pair[:2]
        present = best.setdefault(key, pair)
        if present is pair:
            continue
        if prefer(pair) > prefer(present):
            best[key], pair = pair, present
        cleaned.drop(pair, "duplicate")
    cleaned.pairs = list(best.values())
