"""Sentences to look at: those on which two systems differ most, and some drawn at random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from latimer.metrics.corpus_scores import sentence_score

SHOWN = 20


@dataclass(frozen=True)
class Sample:
    """One sentence of the test set, translated by two systems.

    number: its line, from 1; scores: sentence chrF of both, 0 to 100.
    """

    number: int
    source: str
    reference: str
    outputs: tuple[str, str]
    scores: tuple[float, float]


@dataclass(frozen=True)
class Samples:
    """differing: greatest difference of sentence chrF first; random: in the order of the text."""

    differing: tuple[Sample, ...]
    random: tuple[Sample, ...]


def choose(
    sources: Sequence[str],
    references: Sequence[str],
    first: Sequence[str],
    second: Sequence[str],
    seed: int,
    shown: int = SHOWN,
) -> Samples:
    """`shown` sentences of both sorts; equal outputs are never among those that differ."""
    chrf = sentence_score("chrf")
    scores = [
        (chrf(one, reference), chrf(two, reference))
        for one, two, reference in zip(first, second, references, strict=True)
    ]

    def sample(row: int) -> Sample:
        outputs = first[row], second[row]
        return Sample(row + 1, sources[row], references[row], outputs, scores[row])

    unequal = [row for row in range(len(sources)) if first[row] != second[row]]
    unequal.sort(key=lambda row: (-abs(scores[row][1] - scores[row][0]), row))
    drawn = np.random.default_rng(seed).permutation(len(sources))[:shown]
    return Samples(
        tuple(map(sample, unequal[:shown])), tuple(sample(row) for row in sorted(map(int, drawn)))
    )
