"""Learning rates as pure functions of where the run is.

The rate is the peak rate times three factors: `warm_up` at the start, one of `SCHEDULES` in the
middle, `cool_down` at the end. None of them remembers anything, so a run that resumes has the
rates of one that never stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Clock:
    """What a rate may depend on."""

    update: int
    """The number of the update about to be made, from 1."""
    decays: int = 0
    """How often the plateau rule has asked for a lower rate."""
    cooldown: tuple[int, int] | None = None
    """The update after which cooling down starts, and the one that ends it (and the run)."""


def warm_up(update: int, warmup: int) -> float:
    """A straight line to 1, reached at update `warmup`."""
    return min(1.0, update / warmup) if warmup > 0 else 1.0


def constant(clock: Clock, warmup: int, decay: float) -> float:
    """Always 1."""
    return 1.0


def plateau(clock: Clock, warmup: int, decay: float) -> float:
    """`decay` to the power of the stalls so far: multiplied by `decay` whenever dev stalls."""
    return decay**clock.decays


def inverse_sqrt(clock: Clock, warmup: int, decay: float) -> float:
    """√(warmup / update) after warming up (Vaswani et al. 2017, section 5.3)."""
    return (max(warmup, 1) / max(clock.update, warmup, 1)) ** 0.5


SCHEDULES: dict[str, Callable[[Clock, int, float], float]] = {
    "constant": constant,
    "plateau": plateau,
    "inverse_sqrt": inverse_sqrt,
}


def cool_down(clock: Clock) -> float:
    """A straight line from 1 towards 0, which it would reach just after the last update."""
    if clock.cooldown is None:
        return 1.0
    start, end = clock.cooldown
    left = (end + 1 - clock.update) / (end + 1 - start)
    return min(1.0, max(0.0, left))


@dataclass(frozen=True)
class Schedule:
    """A learning rate for every moment of a run."""

    peak: float
    name: str = "constant"
    warmup: int = 0
    decay: float = 0.5

    def rate(self, clock: Clock) -> float:
        """The learning rate at `clock`."""
        factor = SCHEDULES[self.name](clock, self.warmup, self.decay)
        return self.peak * warm_up(clock.update, self.warmup) * factor * cool_down(clock)
