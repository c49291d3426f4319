"""What every translator offers, whatever its engine; commands know only this. No PyTorch here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self

from latimer.search.constraints import Constraints
from latimer.search.strategies import Search

if TYPE_CHECKING:
    from torch import Tensor

    from latimer.model.config import Languages


class Request(NamedTuple):
    """A text with constraints of its own."""

    text: str
    constraints: Constraints = Constraints()


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


@dataclass(frozen=True)
class Capabilities:
    """What a translator can do beyond one translation for each text.

    scores: `Translation.score` tells better translations from worse; alternatives: several
    translations of a text; attention: `Translation.attention` on request; constraints: it
    obeys those of `latimer.search.constraints`.
    """

    scores: bool = False
    alternatives: bool = False
    attention: bool = False
    constraints: bool = False


class Translator(Protocol):
    """Anything that translates texts. A context that ends with `close`."""

    @property
    def languages(self) -> Languages:
        """From which language into which; empty codes where they are not known."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""

    @property
    def search(self) -> Search:
        """How it searches where nothing else is asked for."""

    def translate(
        self,
        texts: Sequence[str | Request],
        search: Search | None = None,
        *,
        constraints: Constraints | None = None,
        attention: bool = False,
    ) -> list[Translation]:
        """One translation for every text, in order.

        `search` is how to search, by default the translator's own way; `constraints` are those of
        texts that bring none of their own. `attention` asks for `Translation.attention`.
        Raises InputError for settings or texts it cannot follow.
        """

    def close(self) -> None:
        """Let threads and files go; the translator cannot be used afterwards."""

    def __enter__(self) -> Self:
        """The translator itself."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """As `close`."""
