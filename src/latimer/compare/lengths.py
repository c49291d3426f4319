"""BLEU by length of the source, of all systems."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from latimer.compare.statistics import Statistics
from latimer.compare.tokens import tokens_of
from latimer.metrics.corpus_scores import written_without_spaces
from latimer.metrics.lengths import length_classes

CLASSES = 6


@dataclass(frozen=True)
class LengthClass:
    """The sentences with sources of similar length.

    first, last: fewest and most words of a source (characters in a language written without
    spaces); words: their mean; bleu: of each system, of a group the mean of its members.
    """

    first: int
    last: int
    words: float
    sentences: int
    bleu: tuple[float, ...]


def by_length(
    sources: Sequence[str], statistics: Statistics, language: str = "", classes: int = CLASSES
) -> list[LengthClass]:
    """At most `classes` classes of about equal size; `language` is that of the source."""
    if written_without_spaces(language):
        lengths = [len(tokens) for tokens in tokens_of(sources, language)]
    else:
        lengths = [len(source.split()) for source in sources]
    found = []
    for rows in length_classes(lengths, classes):
        sizes = [lengths[row] for row in rows]
        scores = tuple(sum(each) / len(each) for each in statistics.sums("bleu", rows))
        found.append(
            LengthClass(min(sizes), max(sizes), sum(sizes) / len(sizes), len(rows), scores)
        )
    return found
