"""What the clock decided, a line for each update: what a run that goes on repeats.

run/clock.jsonl is never cut back when a run goes on from a state. The updates behind that state
were made with these times, threads and precisions, and are made again with the same, so that they
are the same updates, and their time is not spent twice. Where the log ends the clock decides again.
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
    """After an update, or after the validation that followed it."""

    phase: int
    update: int
    seconds: float
    """Of training, when the update began or the validation was over."""
    done: float | None = None
    """The share of the budget that was used; None where nothing says when the run ends."""
    rate: float = 0.0
    threads: int = 1
    precision: str = "fp32"
    validation: float | None = None
    """Seconds that the validation took; None of an update."""


Key = tuple[int, int, bool]
"""Phase, update, and whether it is of a validation."""


class ClockLog:
    """The lines of a run, those of its earlier sittings and those of this one."""

    def __init__(self, run: Path) -> None:
        """Read what is there; a last line that was cut is dropped. LatimerError as `add`."""
        self._path = run / NAME
        self._past: Mapping[Key, Tick] = {}
        try:
            self._past = _read(self._path)
            self._file: IO[str] = self._path.open("a", encoding="utf-8")
        except OSError as error:
            raise self._failure(error) from error

    def past(self, phase: int, update: int, *, validation: bool = False) -> Tick | None:
        """What was decided there in an earlier sitting."""
        return self._past.get((phase, update, validation))

    def add(self, tick: Tick) -> None:
        """Write a line; one that an earlier sitting wrote is not written again.

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
        """Close the file; a disk that refuses what is still unwritten is not worth a word here."""
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
    """The ticks in a file that may not be there; what follows a damaged line is not believed."""
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
