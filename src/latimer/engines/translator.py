"""What every translator offers; commands and evaluation know only this."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from torch import Tensor


@dataclass(frozen=True)
class Alternative:
    """Another translation of the same text, and its score."""

    text: str
    score: float


@dataclass(frozen=True)
class Attention:
    """Which source pieces were read as each target piece was written."""

    source: list[str]
    """Pieces of the source, the end-of-sentence symbol last."""
    target: list[str]
    """Pieces of the translation, the same symbol last unless it was cut off."""
    weights: Tensor
    """`[target, source]`; rows sum to 1, with local attention to less."""


@dataclass(frozen=True)
class Translation:
    """One text translated."""

    source: str
    text: str
    score: float
    """The search's score, mostly the length-normalised log-probability; 0 for an empty text."""
    alternatives: list[Alternative] = field(default_factory=list)
    """Further translations, best first, when more than one was asked for."""
    attention: Attention | None = None
    """On request, for texts translated in one part."""
    parts: int = 1
    """How many parts the text was cut into: more than one if it was too long or had lines."""
    gap: float | None = None
    """After exact search, for texts translated in one part: see `Hypothesis.gap`."""


class Translator(Protocol):
    """Anything that translates texts."""

    def translate(
        self,
        texts: Sequence[str],
        *,
        beam: int = 5,
        alpha: float = 1.0,
        nbest: int = 1,
        max_length: int | None = None,
    ) -> list[Translation]:
        """One translation for every text, in order; `nbest - 1` alternatives beside each.

        `alpha` is the exponent of length normalisation, `max_length` the most tokens of a
        translation. Raises InputError for settings or texts it cannot follow.
        """
