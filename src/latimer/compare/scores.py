"""A row a system: scores with their intervals, length ratio, speed, size and training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from latimer.compare.statistics import Statistics
from latimer.compare.tokens import tokens_of
from latimer.compare.translated import Translated
from latimer.metrics.resampling import interval


@dataclass(frozen=True)
class SystemScore:
    """One corpus score of a system.

    value: of a group the mean of its members; low, high: the 95 % bootstrap interval of it;
    members: the score of each member.
    """

    value: float
    low: float
    high: float
    members: tuple[float, ...]

    @property
    def range(self) -> tuple[float, float]:
        """The lowest and the highest score of a member."""
        return min(self.members), max(self.members)


@dataclass(frozen=True)
class SystemRow:
    """What the table says of one system; None where a figure is not known.

    scores: by metric; length_ratio: tokens of the output / tokens of the reference;
    sentences_per_cpu_second: while translating; megabytes: on disk; minutes: of training.
    Of a group all are means over its members.
    """

    name: str
    members: int
    scores: dict[str, SystemScore]
    length_ratio: float
    sentences_per_cpu_second: float | None
    megabytes: float | None
    minutes: float | None


def rows(
    systems: Sequence[Translated],
    references: Sequence[str],
    statistics: Statistics,
    language: str = "",
) -> list[SystemRow]:
    """The rows of all systems, in their order."""
    wanted = _tokens(references, language)
    found = []
    for place, system in enumerate(systems):
        written = [_tokens(member.lines, language) for member in system.members]
        seconds = system.mean_cost("cpu_seconds")
        found.append(
            SystemRow(
                system.name,
                len(system.members),
                {metric: _score(statistics, metric, place) for metric in statistics.counts},
                sum(written) / len(written) / wanted if wanted else 0.0,
                len(references) / seconds if seconds else None,
                system.mean_cost("megabytes"),
                system.mean_cost("minutes"),
            )
        )
    return found


def _score(statistics: Statistics, metric: str, place: int) -> SystemScore:
    low, high = interval(statistics.resampled[metric][:, place])
    members = statistics.observed[metric][place]
    return SystemScore(statistics.means(metric)[place], low, high, tuple(members))


def _tokens(lines: Sequence[str], language: str) -> int:
    return sum(len(tokens) for tokens in tokens_of(lines, language))
