"""What an engine is: it turns segments into scored outputs, and knows nothing of whole texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from latimer.search.constraints import Constraints, LengthConstraints
from latimer.search.strategies import Search

if TYPE_CHECKING:
    from latimer.engines.translator import Attention, Capabilities
    from latimer.model.config import Languages


class Segment(NamedTuple):
    """A piece of text that is translated at once, in normal form, and what its output must be like.

    text: one line without needless white space, never empty; constraints: completed by the
    engine's own.
    """

    text: str
    constraints: Constraints


@dataclass(frozen=True)
class Output:
    """One translation of a segment.

    score: higher is better; attention: on request; gap: see `Hypothesis.gap`.
    """

    text: str
    score: float
    attention: Attention | None = None
    gap: float | None = None


class Engine(Protocol):
    """Anything that translates segments."""

    @property
    def languages(self) -> Languages:
        """From which language into which."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""

    @property
    def search(self) -> Search:
        """How it searches where nothing else is asked for."""

    @property
    def constraints(self) -> LengthConstraints:
        """Its own constraints, where nothing else is asked for."""

    @property
    def longest(self) -> int:
        """The size of a segment, by `size`, beyond which a text is cut."""

    def size(self, text: str) -> int:
        """How long a text is, in the engine's own pieces."""

    def check(self, search: Search, constraints: Sequence[Constraints]) -> None:
        """Raises InputError for a search, or constraints, that the engine cannot follow."""

    def find(
        self, segments: Sequence[Segment], search: Search, *, attention: bool = False
    ) -> list[list[Output]]:
        """The outputs of each segment, best first, at least one; what else is there changes none.

        `attention` keeps which source pieces were read. Raises InputError for a segment whose
        constraints exclude each other.
        """

    def close(self) -> None:
        """Let threads and files go."""
