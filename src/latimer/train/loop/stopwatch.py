"""Training time: what passes while the machine is awake and the process runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event, Lock, Thread
from types import TracebackType

LONGEST = 30.0
"""Seconds between two looks at the clock; a longer gap was sleep or a stopped process."""
EVERY = 1.0
"""Seconds between two looks while it is entered."""


class Stopwatch:
    """Adds up the time between looks at a clock; a context manager that looks once a second.

    A gap of more than `LONGEST` seconds is not counted: the machine slept, or the process was
    stopped. Nor is a clock that goes backwards.
    """

    def __init__(self, seconds: float = 0.0, now: Callable[[], float] = time.monotonic) -> None:
        """`seconds` are those counted before."""
        self._now, self._seconds, self._last = now, seconds, now()
        self._lock, self._over = Lock(), Event()
        self._heart: Thread | None = None

    def __enter__(self) -> Stopwatch:
        """Begin to look."""
        self._over.clear()
        self._heart = Thread(target=self._beat, daemon=True, name="stopwatch")
        self._heart.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop looking; what has been counted stays."""
        self._over.set()
        if self._heart is not None:
            self._heart.join()
            self._heart = None

    def seconds(self) -> float:
        """Those counted so far."""
        with self._lock:
            now = self._now()
            gap = now - self._last
            if 0 <= gap <= LONGEST:
                self._seconds += gap
            self._last = now
            return self._seconds

    def reset(self, seconds: float) -> None:
        """Go on from `seconds`, whatever has been counted."""
        with self._lock:
            self._seconds, self._last = seconds, self._now()

    def _beat(self) -> None:
        while not self._over.wait(EVERY):
            self.seconds()
