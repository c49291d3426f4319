"""Decisions that depend on the clock, one line for each update, so that a resumed run repeats them.

Times decide learning rates, threads and precisions. When a run is resumed from a state,
run/clock.jsonl is not cut back: updates after that state are repeated with the logged decisions, so
that their results are the same and their time is counted once. After its end the clock decides.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from latimer.errors import LatimerError

NAME = "clock.jsonl"


@dataclass(frozen=True)
class Tick:
    """The decisions of an update, or of the validation after it."""

    phase: int
    update: int
    seconds: float
    """Seconds of training when the update began or the validation ended."""
    done: float | None = None
    """The share of the budget used; None where the run has no limit that tells it."""
    rate: float = 0.0
    threads: int = 1
    precision: str = "fp32"
    validation: float | None = None
    """Duration of the validation in seconds; None for an update."""


Key = tuple[int, int, bool]
"""Phase, update, and whether it is a validation."""


class ClockLog:
    """The clock log of a run; entries of earlier processes are read, new ones are appended."""

    def __init__(self, run: Path) -> None:
        """Read the log; an incomplete last line is removed. Raises LatimerError as `add` does."""
        self._path = run / NAME
        self._past: Mapping[Key, Tick] = {}
        try:
            self._past = _read(self._path)
            self._file: IO[str] = self._path.open("a", encoding="utf-8")
        except OSError as error:
            raise self._failure(error) from error

    def past(self, phase: int, update: int, *, validation: bool = False) -> Tick | None:
        """The logged decisions of an earlier process at that update."""
        return self._past.get((phase, update, validation))

    def add(self, tick: Tick) -> None:
        """Append a line unless the log has it already.

        Raises LatimerError when the disk refuses.
        """
        if self.past(tick.phase, tick.update, validation=tick.validation is not None):
            return
        facts = {name: value for name, value in asdict(tick).items() if value is not None}
        try:
            self._file.write(json.dumps(facts) + "\n")
            self._file.flush()
        except OSError as error:
            raise self._failure(error) from error

    def close(self) -> None:
        """Close the file; errors while doing so are ignored."""
        try:
            self._file.close()
        except OSError:
            return

    def _failure(self, error: OSError) -> LatimerError:
        return LatimerError(
            f"cannot write {self._path}: {error.strerror or error}; the last state is intact: make "
            "room and run the same command again"
        )


def _read(path: Path) -> dict[Key, Tick]:
    """The ticks in a file, if it exists; it is cut off before the first damaged line."""
    if not path.exists():
        return {}
    content = path.read_bytes()
    found: dict[Key, Tick] = {}
    good = 0
    for line in content.splitlines(keepends=True):
        tick = _tick(line)
        if tick is None:
            break
        found[tick.phase, tick.update, tick.validation is not None] = tick
        good += len(line)
    if good < len(content):
        with path.open("r+b") as file:
            file.truncate(good)
    return found


def _tick(line: bytes) -> Tick | None:
    if not line.endswith(b"\n"):
        return None
    try:
        facts: Any = json.loads(line)
        return Tick(**facts) if isinstance(facts, dict) else None
    except (ValueError, TypeError):
        return None
