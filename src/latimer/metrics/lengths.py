"""BLEU by length of the source."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from latimer.metrics.corpus_scores import corpus_scores


class LengthScore(NamedTuple):
    """The sentences of one class of source lengths."""

    first: int
    """Fewest words of a source in the class."""
    last: int
    """Most words."""
    words: float
    """Words of a source on average."""
    sentences: int
    bleu: float


def length_classes(lengths: Sequence[int], count: int) -> list[list[int]]:
    """Indices in at most `count` classes of similar length and about equal size.

    Equal lengths are in the same class. Classes are ordered by length; none is empty.
    """
    order = sorted(range(len(lengths)), key=lambda k: lengths[k])
    classes: list[list[int]] = []
    for place, index in enumerate(order):
        due = place * count >= len(classes) * len(order)
        if not classes or (due and lengths[index] != lengths[classes[-1][-1]]):
            classes.append([])
        classes[-1].append(index)
    return classes


def bleu_by_length(
    sources: Sequence[str],
    hypotheses: Sequence[str],
    references: Sequence[str],
    *,
    classes: int = 6,
    language: str = "",
) -> list[LengthScore]:
    """Corpus BLEU of each class of source length in words, shortest first."""
    lengths = [len(source.split()) for source in sources]
    found = []
    for rows in length_classes(lengths, classes):
        chosen = [hypotheses[k] for k in rows], [references[k] for k in rows]
        bleu = corpus_scores(*chosen, ("bleu",), language=language)["bleu"].value
        sizes = [lengths[k] for k in rows]
        mean = sum(sizes) / len(rows)
        found.append(LengthScore(min(sizes), max(sizes), mean, len(rows), bleu))
    return found
