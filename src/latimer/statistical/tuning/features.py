"""The features of a log-linear model, and where their weights may lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from latimer.errors import InputError
from latimer.statistical.tuning.bleu import Floats


class FeatureWeights(NamedTuple):
    """Features with their default weights.

    names: `[features]`; default: `[features]` float64; non_negative: `[features]` bool, the
    features that must not be held against a translation, such as log-probabilities of language
    and translation models; fixed: `[features]` bool, those whose weight is not tuned.
    """

    names: tuple[str, ...]
    default: Floats
    non_negative: NDArray[np.bool_]
    fixed: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        default: dict[str, float],
        *,
        non_negative: Sequence[str] = (),
        fixed: Sequence[str] = (),
    ) -> Self:
        """From default weights by name, and the names of features with a bound.

        Raises InputError for a name that has no default weight, or a bound that its default
        weight breaks.
        """
        for name in (*non_negative, *fixed):
            if name not in default:
                raise InputError(f"feature {name!r} has no weight; known: {', '.join(default)}")
        for name in non_negative:
            if default[name] < 0:
                raise InputError(f"the weight of {name} is {default[name]:g}; at least 0 is needed")
        return cls(
            tuple(default),
            np.array(list(default.values()), np.float64),
            np.array([name in non_negative for name in default]),
            np.array([name in fixed for name in default]),
        )

    def box(self, center: Floats, trust: float) -> Box:
        """Where weights may go from `center`: bounds, and at most a share `trust` away.

        The share is of the weight's size, or of the mean size of tuned weights where that is more.
        """
        free = ~self.fixed
        size = np.abs(center)
        mean = size[free].mean() if free.any() else 0.0
        width = np.where(self.fixed, 0.0, trust * np.maximum(size, mean))
        low = np.where(self.non_negative & free, np.maximum(center - width, 0.0), center - width)
        return Box(low, np.maximum(center + width, low))

    def normalised(self, weights: Floats) -> Floats:
        """The same direction; tuned weights together as large as by default (sum of sizes).

        Best candidates do not change, unless features with fixed weights tell them apart.
        """
        free = ~self.fixed
        size, wanted = np.abs(weights[free]).sum(), np.abs(self.default[free]).sum()
        if not size > 0 or not wanted > 0:
            return weights.copy()
        return np.where(free, weights * (wanted / size), self.default)

    def by_name(self, weights: Floats) -> dict[str, float]:
        """Weights by the names of their features."""
        return dict(zip(self.names, weights.tolist(), strict=True))


class Box(NamedTuple):
    """Bounds of weights; low, high: `[features]` float64."""

    low: Floats
    high: Floats

    @property
    def free(self) -> NDArray[np.intp]:
        """The numbers of the features that may move."""
        return np.flatnonzero(self.high > self.low)

    def clipped(self, weights: Floats) -> Floats:
        """The nearest weights inside."""
        return np.clip(weights, self.low, self.high)

    def along(self, weights: Floats, direction: Floats) -> tuple[float, float]:
        """The ends of x for which weights + x · direction is inside; `weights` are inside."""
        moving = direction != 0
        if not moving.any():
            return 0.0, 0.0
        at = weights[moving], direction[moving]
        ends = np.stack([(bound[moving] - at[0]) / at[1] for bound in self])
        return min(float(ends.min(0).max()), 0.0), max(float(ends.max(0).min()), 0.0)
