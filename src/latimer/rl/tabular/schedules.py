"""Schedules of α and ε over the episodes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from latimer.errors import InputError
from latimer.rl.mdp.arrays import Floats

Schedule = float | tuple[float, float] | tuple[float, float, str]
"""One number for all episodes; or the first and the last episode's, linear between; or those and
the name of a shape."""


def linear(first: float, last: float, episodes: int) -> Floats:
    """Equal differences from one episode to the next."""
    return np.linspace(first, last, episodes)


def exponential(first: float, last: float, episodes: int) -> Floats:
    """Equal ratios; InputError where one of the numbers is 0."""
    if first <= 0 or last <= 0:
        raise InputError(f"an exponential schedule cannot go from {first:g} to {last:g}: not to 0")
    return np.geomspace(first, last, episodes)


def harmonic(first: float, last: float, episodes: int) -> Floats:
    """Equal differences of reciprocals, as 1/n; InputError where one of the numbers is 0."""
    if first <= 0 or last <= 0:
        raise InputError(f"a harmonic schedule cannot go from {first:g} to {last:g}: not to 0")
    return 1 / np.linspace(1 / first, 1 / last, episodes)


SHAPES: dict[str, Callable[[float, float, int], Floats]] = {
    "linear": linear,
    "exponential": exponential,
    "harmonic": harmonic,
}


def check_schedule(name: str, schedule: Schedule) -> None:
    """InputError, with `name`, for numbers outside 0 to 1 and for an unknown shape."""
    first, last, shape = _parts(schedule)
    if shape not in SHAPES:
        raise InputError(f"{name}: shape {shape!r}; valid choices: {', '.join(SHAPES)}")
    for part in (first, last):
        if not 0 <= part <= 1:
            raise InputError(f"{name} is {part}; it must be from 0 to 1")
    SHAPES[shape](first, last, 1)


def spread(schedule: Schedule, episodes: int) -> Floats:
    """The number of each episode [episodes] by a checked schedule."""
    first, last, shape = _parts(schedule)
    return SHAPES[shape](first, last, episodes)


def _parts(schedule: Schedule) -> tuple[float, float, str]:
    first, last, *rest = schedule if isinstance(schedule, tuple) else (schedule, schedule)
    return first, last, str(rest[0]) if rest else "linear"
