"""The share of the machine that a run had, reported at its end."""

from __future__ import annotations

import time

from latimer.threads import available_cores


class MachineShare:
    """Processor time and wall-clock time of this process since the object was created."""

    def __init__(self) -> None:
        self._processor, self._passed = time.process_time(), time.monotonic()
        self.available = available_cores()

    def cores(self) -> float:
        """How many cores the process had, on average."""
        passed = time.monotonic() - self._passed
        return (time.process_time() - self._processor) / passed if passed > 0 else 0.0

    def __str__(self) -> str:
        """For people."""
        return cores_in_words(self.cores(), self.available)


def cores_in_words(had: float, available: float) -> str:
    """How much of the machine training had."""
    return f"training had {had:.1f} of {available:.0f} core{'s' if available > 1 else ''}"
