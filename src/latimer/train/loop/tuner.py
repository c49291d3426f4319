"""Threads and precision, chosen by timing real updates, and repeatedly so.

Two threads are faster than one on an idle machine, and slower where another program uses a core,
because the threads of an update wait for the slowest. So all modes make updates in turn, in several
rounds, and the median time per token decides. When updates become a third faster or slower, the
load of the machine has changed and the modes are tried again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from statistics import median
from typing import NamedTuple

ROUNDS = 6
"""Updates of each mode in a trial; the first is not timed."""
WINDOW = 15
"""Updates whose median time is monitored."""
CHANGE = 4 / 3
"""A factor by which the median time changes that starts a new trial."""
PAUSE, OFTEN = 40, 75
"""Updates between two trials: at least `PAUSE`, and at most `OFTEN` for each mode."""


class Mode(NamedTuple):
    """How an update is computed."""

    threads: int
    precision: str

    def __str__(self) -> str:
        """For people."""
        return f"{self.threads} thread{'s' if self.threads > 1 else ''} in {self.precision}"


class Tuner:
    """Chooses the mode of every update from the times of those before.

    `say` is called with each choice and its figures, in words. A single mode is not tried.
    """

    def __init__(self, modes: Sequence[Mode], say: Callable[[str], None]) -> None:
        """`modes` are the candidates, at least one."""
        self.modes, self._say = list(modes), say
        self.mode = self.modes[0]
        self._trial: list[Mode] = []
        self._times: dict[Mode, list[float]] = {}
        self._recent: deque[float] = deque(maxlen=WINDOW)
        self._usual: float | None = None
        self._since = 0
        if len(self.modes) > 1:
            self._begin()

    def next(self) -> Mode:
        """The mode of the next update."""
        return self._trial[0] if self._trial else self.mode

    def took(self, seconds: float, tokens: int) -> None:
        """Record that the update with the mode of `next` took `seconds` for `tokens`."""
        if len(self.modes) == 1 or tokens < 1:
            return
        if self._trial:
            self._times[self._trial.pop(0)].append(seconds / tokens)
            if not self._trial:
                self._choose()
            return
        self._recent.append(seconds / tokens)
        self._since += 1
        if self._since >= OFTEN * len(self.modes):
            self._begin()
        elif len(self._recent) == WINDOW:
            self._watch(median(self._recent))

    def _begin(self) -> None:
        """Start a trial: every mode once in each round, the current one first."""
        order = sorted(self.modes, key=lambda mode: mode != self.mode)
        self._trial = order * ROUNDS
        self._times = {mode: [] for mode in order}

    def _choose(self) -> None:
        medians = {mode: median(times[1:]) for mode, times in self._times.items()}
        self.mode = min(medians, key=lambda mode: medians[mode])
        others = ", ".join(
            f"{mode} {1 / time:,.0f}" for mode, time in medians.items() if mode != self.mode
        )
        self._say(f"{self.mode}: {1 / medians[self.mode]:,.0f} tokens/s; tried as well: {others}")
        self._recent.clear()
        self._usual, self._since = None, 0

    def _watch(self, now: float) -> None:
        if self._usual is None:
            self._usual = now
        elif self._since >= PAUSE and not 1 / CHANGE < now / self._usual < CHANGE:
            self._begin()
