"""Training time: the time in which the machine is awake and the process runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event, Lock, Thread
from types import TracebackType

LONGEST = 30.0
"""Seconds between two readings of the clock; a longer gap is sleep or a stopped process."""
EVERY = 1.0
"""Seconds between two readings while the stopwatch is entered."""


class Stopwatch:
    """Sums the time between readings of a clock; while entered, it is read once a second.

    A gap of more than `LONGEST` seconds is not counted, because the machine slept or the process
    was stopped; nor is a negative one.
    """

    def __init__(self, seconds: float = 0.0, now: Callable[[], float] = time.monotonic) -> None:
        """`seconds` are those counted before."""
        self._now, self._seconds, self._last = now, seconds, now()
        self._lock, self._over = Lock(), Event()
        self._heart: Thread | None = None

    def __enter__(self) -> Stopwatch:
        """Start to read the clock regularly."""
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
        """Stop; the counted time stays."""
        self._over.set()
        if self._heart is not None:
            self._heart.join()
            self._heart = None

    def seconds(self) -> float:
        """The seconds counted so far."""
        with self._lock:
            now = self._now()
            gap = now - self._last
            if 0 <= gap <= LONGEST:
                self._seconds += gap
            self._last = now
            return self._seconds

    def reset(self, seconds: float) -> None:
        """Set the counted time to `seconds`."""
        with self._lock:
            self._seconds, self._last = seconds, self._now()

    def _beat(self) -> None:
        while not self._over.wait(EVERY):
            self.seconds()
