"""Every pair of systems: the difference of their scores, and how surely it is one."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from latimer.compare.statistics import Statistics
from latimer.metrics.resampling import bootstrap_p, holm, interval, randomisation_p
from latimer.metrics.significance import LEVEL


@dataclass(frozen=True)
class PairDifference:
    """Two systems by one metric: second minus first.

    low, high: 95 % bootstrap interval of the difference; randomisation, bootstrap: p-values as
    sacreBLEU defines them; randomisation_holm, bootstrap_holm: the same, corrected by Holm's method
    over all pairs of one metric.
    """

    metric: str
    first: str
    second: str
    difference: float
    low: float
    high: float
    randomisation: float
    bootstrap: float
    randomisation_holm: float
    bootstrap_holm: float

    @property
    def clear(self) -> bool:
        """Whether the corrected p of approximate randomisation is below 0.05."""
        return self.randomisation_holm < LEVEL


@dataclass(frozen=True)
class _Tested:
    first: int
    second: int
    difference: float
    bounds: tuple[float, float]
    randomisation: float
    bootstrap: float


def differences(statistics: Statistics, names: list[str]) -> list[PairDifference]:
    """All pairs, metric by metric, in the order of the systems."""
    found = []
    for metric in statistics.counts:
        tested = [
            _test(statistics, metric, first, second)
            for first, second in combinations(range(len(names)), 2)
        ]
        exact = holm([one.randomisation for one in tested])
        resampled = holm([one.bootstrap for one in tested])
        found += [
            PairDifference(
                metric, names[one.first], names[one.second], one.difference, *one.bounds,
                one.randomisation, one.bootstrap, by_randomisation, by_bootstrap,
            )
            for one, by_randomisation, by_bootstrap in zip(tested, exact, resampled, strict=True)
        ]  # fmt: skip
    return found


def _test(statistics: Statistics, metric: str, first: int, second: int) -> _Tested:
    means = statistics.means(metric)
    observed = means[second] - means[first]
    drawn = statistics.resampled[metric]
    resampled = drawn[:, second] - drawn[:, first]
    shuffled = statistics.shuffled(metric, first, second)
    return _Tested(
        first, second, observed, interval(resampled),
        randomisation_p(shuffled, observed), bootstrap_p(resampled, observed),
    )  # fmt: skip
