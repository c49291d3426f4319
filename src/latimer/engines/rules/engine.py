"""The engine `rules`: a segment through the steps of a rule system."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from latimer.engines.engine import Output, Segment
from latimer.engines.one_way import ONE_WAY, check_one_way
from latimer.engines.rules.system import RuleSystem
from latimer.engines.rules.trace import trace_lines
from latimer.engines.translator import Capabilities
from latimer.model.config import Languages
from latimer.search.constraints import Constraints, LengthConstraints
from latimer.search.strategies import Search

LONGEST = 1000
"""Words translated at once; longer lines are cut."""


class RulesEngine:
    """A rule system. Nothing in it changes, so threads may share it."""

    capabilities = Capabilities()
    search: Search = ONE_WAY
    constraints = LengthConstraints()
    longest = LONGEST

    def __init__(
        self, system: RuleSystem, languages: Languages, *, mark_unknown: bool, trace: bool = False
    ) -> None:
        """`trace` writes the steps of each translation to standard error."""
        self.system, self.languages = system, languages
        self._mark_unknown, self._trace = mark_unknown, trace

    def size(self, text: str) -> int:
        """Words between white space."""
        return len(text.split())

    def check(self, search: Search, constraints: Sequence[Constraints]) -> None:
        """Refuse all settings: there is one translation, and no way to demand another."""
        check_one_way(search, constraints)

    def find(
        self, segments: Sequence[Segment], search: Search, *, attention: bool = False
    ) -> list[list[Output]]:
        """One output for each segment."""
        return [[Output(self._translated(segment.text), 0.0)] for segment in segments]

    def close(self) -> None:
        """Nothing is held."""

    def _translated(self, text: str) -> str:
        steps = self.system.translate(text, mark_unknown=self._mark_unknown)
        if self._trace:
            print("\n".join(trace_lines(steps)), file=sys.stderr)
        return steps.text
