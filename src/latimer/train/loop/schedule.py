"""Learning rates as pure functions of where the run is.

The rate is the peak rate times three factors: `warm_up` at the start, one of `SCHEDULES` in the
middle, `cool_down` at the end. None of them remembers anything, so a run that resumes has the
rates of one that never stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

LAST = 0.01
"""What the last update of a run that cools down has of the rate."""


@dataclass(frozen=True)
class Clock:
    """What a rate may depend on."""

    update: int
    """The number of the update about to be made, from 1."""
    decays: int = 0
    """How often the plateau rule has asked for a lower rate."""
    done: float | None = None
    """The share of the budget that is used once the update is made, 0 to 1; None without an end."""


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


def cool_down(done: float | None, share: float) -> float:
    """A straight line from 1 to `LAST` over the last `share` of the budget."""
    if done is None or share == 0:
        return 1.0
    left = min(1.0, max(0.0, (1 - done) / share))
    return LAST + (1 - LAST) * left


@dataclass(frozen=True)
class Schedule:
    """A learning rate for every moment of a run."""

    peak: float
    name: str = "constant"
    warmup: int = 0
    decay: float = 0.5
    cooldown: float = 0.0
    """The share of the budget, at its end, over which the rate falls."""

    def rate(self, clock: Clock) -> float:
        """The learning rate at `clock`."""
        factor = SCHEDULES[self.name](clock, self.warmup, self.decay)
        cooling = cool_down(clock.done, self.cooldown)
        return self.peak * warm_up(clock.update, self.warmup) * factor * cooling
