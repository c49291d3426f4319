"""Sufficient statistics of all systems, and their scores on the same drawn test sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from latimer.compare.translated import Translated
from latimer.metrics.corpus_scores import sacrebleu_metric
from latimer.metrics.resampling import Floats, resampled_sums, shuffled_sums
from latimer.metrics.significance import corpus_score, score_of_counts, sentence_counts


@dataclass(frozen=True)
class Draws:
    """How many test sets are drawn; the seed is sacreBLEU's own."""

    samples: int = 1000
    """Of the bootstrap."""
    trials: int = 10_000
    """Of approximate randomisation."""
    seed: int = 12345


@dataclass
class Statistics:
    """What the metrics count in every sentence of every member of every system.

    `counts[metric][system][member]` is `[sentences, counts]`.
    """

    counts: dict[str, list[list[Floats]]]
    signatures: dict[str, str]
    draws: Draws
    observed: dict[str, list[list[float]]]
    """`observed[metric][system][member]`: corpus scores."""
    _places: dict[tuple[str, int, int], slice] = field(default_factory=dict)

    def __post_init__(self) -> None:
        end = 0
        for metric, systems in self.counts.items():
            for system, members in enumerate(systems):
                for member, counts in enumerate(members):
                    begin, end = end, end + counts.shape[1]
                    self._places[metric, system, member] = slice(begin, end)

    def sums(self, metric: str, rows: Sequence[int]) -> list[list[float]]:
        """The scores of all members on the chosen sentences."""
        score = score_of_counts(metric)
        return [
            [float(score(counts[rows].sum(0, keepdims=True))[0]) for counts in members]
            for members in self.counts[metric]
        ]

    def means(self, metric: str) -> list[float]:
        """The score of each system: of a group the mean of its members."""
        return [sum(members) / len(members) for members in self.observed[metric]]

    @cached_property
    def sentences(self) -> int:
        """Sentences of the test set."""
        return len(next(iter(self.counts.values()))[0][0])

    @cached_property
    def resampled(self) -> dict[str, Floats]:
        """By metric, mean scores of the systems on every bootstrap sample, `[samples, systems]`."""
        drawn = resampled_sums(self._matrix, self.draws.samples, self.draws.seed)
        return {metric: self._means(metric, drawn) for metric in self.counts}

    def shuffled(self, metric: str, first: int, second: int) -> Floats:
        """Second minus first after random exchanges of their outputs, `[trials]`.

        Of groups, each member of the one is exchanged with each of the other, by the same choice of
        sentences, and the differences are averaged.
        """
        score = score_of_counts(metric)
        pairs = [
            (self._places[metric, first, one], self._places[metric, second, two])
            for one in range(len(self.counts[metric][first]))
            for two in range(len(self.counts[metric][second]))
        ]
        differences = np.zeros(self.draws.trials)
        for one, two in pairs:
            own, other = self._halves[:, one], self._halves[:, two]
            mixed = own + (self._whole[two] - other), other + (self._whole[one] - own)
            differences += score(mixed[1]) - score(mixed[0])
        return differences / len(pairs)

    @cached_property
    def _halves(self) -> Floats:
        return shuffled_sums(self._matrix, self.draws.trials, self.draws.seed)

    @cached_property
    def _whole(self) -> Floats:
        return self._matrix.sum(0)

    @cached_property
    def _matrix(self) -> Floats:
        every = [counts for systems in self.counts.values() for members in systems
                 for counts in members]  # fmt: skip
        return np.concatenate(every, axis=1)

    def _means(self, metric: str, drawn: Floats) -> Floats:
        score = score_of_counts(metric)
        return np.stack(
            [
                np.mean(
                    [
                        score(drawn[:, self._places[metric, system, member]])
                        for member in range(len(members))
                    ],
                    axis=0,
                )
                for system, members in enumerate(self.counts[metric])
            ],
            axis=1,
        )


def count(
    systems: Sequence[Translated],
    references: Sequence[str],
    metrics: Sequence[str],
    language: str = "",
    draws: Draws | None = None,
) -> Statistics:
    """The statistics of all systems; `metrics` are names of `corpus_scores.METRICS`.

    `language` is the code of the target language, which chooses BLEU's tokeniser.
    """
    counts: dict[str, list[list[Floats]]] = {}
    observed: dict[str, list[list[float]]] = {}
    signatures = {}
    for metric in metrics:
        scorer = sacrebleu_metric(metric, language)
        counts[metric] = [
            [sentence_counts(scorer, member.lines, references) for member in system.members]
            for system in systems
        ]
        observed[metric] = [
            [corpus_score(scorer, each) for each in members] for members in counts[metric]
        ]
        signatures[metric] = str(scorer.get_signature())
    return Statistics(counts, signatures, draws or Draws(), observed)
