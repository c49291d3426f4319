"""Learning rates as pure functions of the progress of a run.

The rate is the peak rate times three factors: `warm_up` at the start, one of `SCHEDULES`, and
`cool_down` at the end. They have no state, so that a resumed run has the same rates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

LAST = 0.01
"""The factor of the last update of a run that cools down."""


@dataclass(frozen=True)
class Clock:
    """What a learning rate depends on."""

    update: int
    """The number of the next update, from 1."""
    decays: int = 0
    """Stalls so far."""
    done: float | None = None
    """The share of the budget used after that update, 0 to 1; None without such a limit."""


def warm_up(update: int, warmup: int) -> float:
    """Rises linearly to 1, which is reached at update `warmup`."""
    return min(1.0, update / warmup) if warmup > 0 else 1.0


def constant(clock: Clock, warmup: int, decay: float) -> float:
    """Always 1."""
    return 1.0


def plateau(clock: Clock, warmup: int, decay: float) -> float:
    """`decay` to the power of the number of stalls."""
    return decay**clock.decays


def inverse_sqrt(clock: Clock, warmup: int, decay: float) -> float:
    """√(warmup / update) after the warm-up (Vaswani et al. 2017, section 5.3)."""
    return (max(warmup, 1) / max(clock.update, warmup, 1)) ** 0.5


SCHEDULES: dict[str, Callable[[Clock, int, float], float]] = {
    "constant": constant,
    "plateau": plateau,
    "inverse_sqrt": inverse_sqrt,
}


def cool_down(done: float | None, share: float) -> float:
    """Falls linearly from 1 to `LAST` over the last `share` of the budget."""
    if done is None or share == 0:
        return 1.0
    left = min(1.0, max(0.0, (1 - done) / share))
    return LAST + (1 - LAST) * left


@dataclass(frozen=True)
class Schedule:
    """The learning rate of a run."""

    peak: float
    name: str = "constant"
    warmup: int = 0
    decay: float = 0.5
    cooldown: float = 0.0
    """The final share of the budget over which the rate falls."""

    def rate(self, clock: Clock) -> float:
        """The learning rate at `clock`."""
        factor = SCHEDULES[self.name](clock, self.warmup, self.decay)
        cooling = cool_down(clock.done, self.cooldown)
        return self.peak * warm_up(clock.update, self.warmup) * factor * cooling
