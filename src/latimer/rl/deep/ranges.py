"""Types and ranges of the settings of algorithms with networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from math import inf, isfinite
from numbers import Integral, Real
from typing import Any, NamedTuple

from latimer.errors import InputError
from latimer.rl.deep.settings import SETTINGS
from latimer.rl.unread import closest


class Kind(NamedTuple):
    """What a field of that type takes: the test, and its name in a complaint."""

    fits: Callable[[Any], bool]
    name: str


class Range(NamedTuple):
    """From `low`, which is itself left out if `above`, to `high`."""

    low: float
    high: float = inf
    above: bool = False

    def holds(self, value: float) -> bool:
        """Whether a number lies in it."""
        return self.low <= value <= self.high and not (self.above and value == self.low)

    def __str__(self) -> str:
        """As a complaint names it."""
        if self.above:
            return f"above {self.low:g}" + ("" if self.high == inf else f", up to {self.high:g}")
        return f"from {self.low:g}" + ("" if self.high == inf else f" to {self.high:g}")


def _whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and isfinite(value)


def _several(fits: Callable[[Any], bool], count: int | None = None) -> Callable[[Any], bool]:
    def fit(value: Any) -> bool:
        listed = isinstance(value, list | tuple)
        return listed and count in (None, len(value)) and all(map(fits, value))

    return fit


KINDS = {
    "int": Kind(_whole, "a whole number"),
    "float": Kind(_number, "a number"),
    "bool": Kind(lambda value: isinstance(value, bool), "true or false"),
    "tuple[int, ...]": Kind(_several(_whole), "whole numbers as [64, 64]"),
    "tuple[float, float]": Kind(_several(_number, 2), "two numbers as [1, 0.04]"),
}
"""By the annotation of a field."""

COUNT, SHARE, POSITIVE = Range(1), Range(0, 1), Range(0, above=True)
RANGES: dict[str, Range] = {
    "copies": COUNT, "horizon": COUNT, "epochs": COUNT, "minibatches": COUNT, "replay": COUNT,
    "period": COUNT, "updates": COUNT, "batch": COUNT, "target_period": COUNT, "members": COUNT,
    "candidates": COUNT, "rounds": COUNT, "hidden": COUNT, "warmup": Range(0), "elite": Range(2),
    "discount": SHARE, "gae_lambda": SHARE, "epsilon": SHARE, "smoothing": SHARE,
    "exploration": Range(0, 1, above=True), "learning_rate": POSITIVE,
    "actor_learning_rate": POSITIVE, "critic_learning_rate": POSITIVE,
    "max_gradient_norm": POSITIVE, "clip": POSITIVE,
}  # fmt: skip
"""By the name of a field, of each of its numbers; a name that is not here takes any number."""


def settings_of(algorithm: str, given: Mapping[str, Any]) -> Any:
    """The settings of an algorithm, some of them as given; a list becomes a tuple.

    InputError for an unknown algorithm, a setting that it does not read, or a value out of range.
    """
    if algorithm not in SETTINGS:
        raise InputError(f"algorithm {algorithm!r}{closest(algorithm, SETTINGS)}")
    kinds = {field.name: KINDS[str(field.type)] for field in fields(SETTINGS[algorithm])}
    for name, value in given.items():
        if name not in kinds:
            raise InputError(f"{algorithm} has no setting {name!r}; there are: {', '.join(kinds)}")
        limits = RANGES.get(name)
        numbers = value if isinstance(value, list | tuple) else [value]
        if not kinds[name].fits(value) or (limits and not all(map(limits.holds, numbers))):
            within = f", {limits}," if limits else ""
            raise InputError(
                f"{algorithm}: {name} cannot be {value!r}; {kinds[name].name}{within} expected"
            )
    tuples = {name: tuple(v) if isinstance(v, list) else v for name, v in given.items()}
    return SETTINGS[algorithm](**tuples)
