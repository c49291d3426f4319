"""The engine: segments through Apertium's programs, which are started again if they fail."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

from latimer.engines.apertium.languages import languages_of
from latimer.engines.apertium.modes import read_mode
from latimer.engines.apertium.options import ApertiumOptions
from latimer.engines.apertium.pipeline import Pipeline, PipelineError
from latimer.engines.apertium.stream import from_stream, to_stream
from latimer.engines.engine import Output, Segment
from latimer.engines.one_way import ONE_WAY, check_one_way
from latimer.engines.translator import Capabilities
from latimer.errors import LatimerError
from latimer.search.constraints import Constraints, LengthConstraints
from latimer.search.strategies import Search
from latimer.text.vocabulary.placeholders import split_placeholders

LONGEST = 500
"""Words translated at once; longer lines are cut."""


class ApertiumEngine:
    """One mode of Apertium. Any thread may call it; they wait for each other."""

    capabilities = Capabilities()
    search: Search = ONE_WAY
    constraints = LengthConstraints()
    longest = LONGEST

    def __init__(self, mode: Path, options: ApertiumOptions) -> None:
        """Starts the programs. Raises InputError for a mode that cannot be run."""
        self.languages = languages_of(mode.stem)
        self._mode, self._timeout = mode, options.timeout
        self._commands = read_mode(mode, mark_unknown=options.unknown == "mark")
        self._lock, self._closed = Lock(), False
        self._pipeline = self._started()

    def size(self, text: str) -> int:
        """Words between white space."""
        return len(text.split())

    def check(self, search: Search, constraints: Sequence[Constraints]) -> None:
        """Refuse all settings: there is one translation, and no way to demand another."""
        check_one_way(search, constraints)

    def find(
        self, segments: Sequence[Segment], search: Search, *, attention: bool = False
    ) -> list[list[Output]]:
        """One output for each segment.

        Raises LatimerError if the programs fail twice at the same segment.
        """
        texts = [segment.text for segment in segments]
        found = self._translated(texts)
        odd = [k for k, text in enumerate(texts) if _placeholders(text) != _placeholders(found[k])]
        for k in odd:
            found[k] = self._around_placeholders(texts[k])
        return [[Output(text, 0.0)] for text in found]

    def close(self) -> None:
        """End the programs."""
        with self._lock:
            self._closed = True
            self._pipeline.close()

    def _translated(self, texts: Sequence[str]) -> list[str]:
        """All texts at once; if the programs fail, started again and text by text."""
        with self._lock:
            if self._closed:
                raise RuntimeError("the translator is closed")
            waiting = [to_stream(text) for text in texts]
            try:
                answers = self._pipeline.translate(waiting)
            except PipelineError as error:
                self._restart()
                print(f"latimer: {error}; they were started again", file=sys.stderr)
                answers = [
                    self._alone(text, stream) for text, stream in zip(texts, waiting, strict=True)
                ]
        return [from_stream(*both) for both in zip(answers, texts, strict=True)]

    def _alone(self, text: str, stream: str) -> str:
        try:
            return self._pipeline.translate([stream])[0]
        except PipelineError as error:
            self._restart()
            shown = text if len(text) <= 60 else f"{text[:57]}..."
            raise LatimerError(f"{error} again, at the text {shown!r}; leave it out") from error

    def _restart(self) -> None:
        self._pipeline.close()
        self._pipeline = self._started()

    def _started(self) -> Pipeline:
        try:
            return Pipeline(self._commands, self._timeout)
        except OSError as error:
            raise LatimerError(f"{self._mode}: Apertium cannot be started: {error}") from error

    def _around_placeholders(self, text: str) -> str:
        """The text translated part by part, where Apertium lost or doubled a placeholder."""
        parts = list(split_placeholders(text))
        words = [part.strip() for part, fixed in parts if not fixed and part.strip()]
        translated = iter(self._translated(words))
        return "".join(
            part if fixed or not part.strip() else part.replace(part.strip(), next(translated))
            for part, fixed in parts
        )


def _placeholders(text: str) -> Counter[str]:
    return Counter(part for part, fixed in split_placeholders(text) if fixed)
