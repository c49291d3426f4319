"""N-grams of the reference that one system has and the other has not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from latimer.compare.tokens import tokens_of

ORDERS = 4
SHOWN = 10
"""N-grams listed of each order and direction."""


@dataclass(frozen=True)
class Gram:
    """An n-gram; first, second: how often each system has it where the reference does."""

    text: str
    first: int
    second: int


@dataclass(frozen=True)
class NgramChange:
    """The n-grams of one order, from the first system to the second.

    reference: n-grams of the reference; matched: clipped matches of both; gained: those that the
    second system has more often, most first; lost: those that the first has more often.
    """

    order: int
    reference: int
    matched: tuple[int, int]
    gained: tuple[Gram, ...]
    lost: tuple[Gram, ...]


def changes(
    first: Sequence[str],
    second: Sequence[str],
    references: Sequence[str],
    language: str = "",
    shown: int = SHOWN,
) -> list[NgramChange]:
    """The changes of n = 1 … 4; n-grams are matched within their sentence."""
    wanted, *written = (tokens_of(lines, language) for lines in (references, first, second))
    found = []
    for order in range(1, ORDERS + 1):
        grams = [Counter(_grams(tokens, order)) for tokens in wanted]
        matches = [_matches(tokens, grams, order) for tokens in written]
        found.append(
            NgramChange(
                order,
                sum(map(Counter.total, grams)),
                (matches[0].total(), matches[1].total()),
                _listed(matches, 1, shown),
                _listed(matches, 0, shown),
            )
        )
    return found


def _matches(
    written: Sequence[Sequence[str]], wanted: Sequence[Counter[str]], order: int
) -> Counter[str]:
    found: Counter[str] = Counter()
    for tokens, grams in zip(written, wanted, strict=True):
        found.update(Counter(_grams(tokens, order)) & grams)
    return found


def _grams(tokens: Sequence[str], order: int) -> Iterator[str]:
    for begin in range(len(tokens) - order + 1):
        yield " ".join(tokens[begin : begin + order])


def _listed(matches: Sequence[Counter[str]], better: int, shown: int) -> tuple[Gram, ...]:
    """Those that system `better` has more often, most first; equal ones by alphabet."""
    more = matches[better] - matches[1 - better]
    ordered = sorted(more.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Gram(text, matches[0][text], matches[1][text]) for text, _ in ordered[:shown])
