"""Scores of the translator, and of two baselines: copying and a translation memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from latimer.engines.translator import Translation
from latimer.formats.pair import Pair
from latimer.metrics.corpus_scores import Score, corpus_scores
from latimer.metrics.significance import Comparison, compare
from latimer.text.nearest import TranslationMemory

METRICS = ("bleu", "chrf")

Translate = Callable[[Sequence[str]], list[Translation]]
"""A translator with fixed search settings."""


@dataclass(frozen=True)
class Unaided:
    """One part of the corpus and the scores of both baselines on it."""

    pairs: list[Pair]
    language: str
    """The code of the target language, which chooses BLEU's tokeniser."""
    recalled: list[str]
    """For each source the target of the nearest source in the training text."""
    copying: dict[str, Score]
    """Scores of the sources as translations; names and numbers are shared."""
    memory: dict[str, Score]
    """Scores of `recalled`, a translation memory."""

    @property
    def sources(self) -> list[str]:
        """The sources of all pairs."""
        return [pair.source for pair in self.pairs]

    @property
    def references(self) -> list[str]:
        """The targets of all pairs."""
        return [pair.target for pair in self.pairs]


@dataclass(frozen=True)
class Scored:
    """One part of the corpus: its translations and scores by metric name."""

    unaided: Unaided
    translations: list[str]
    model: dict[str, Score]

    @property
    def pairs(self) -> list[Pair]:
        """The pairs of the part."""
        return self.unaided.pairs

    @property
    def bleu(self) -> float:
        """BLEU of the model."""
        return self.model["bleu"].value

    @property
    def copying(self) -> float:
        """BLEU of the sources."""
        return self.unaided.copying["bleu"].value

    def against(self, others: Sequence[str]) -> Comparison:
        """Comparison by BLEU of `others` (first) and the model's translations (second)."""
        part = self.unaided
        return compare(others, self.translations, part.references, language=part.language)

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        scores = {
            name: {
                "score": score.value,
                "copying": self.unaided.copying[name].value,
                "memory": self.unaided.memory[name].value,
                "signature": score.signature,
            }
            for name, score in self.model.items()
        }
        return {"pairs": len(self.pairs), **scores}


def unaided(pairs: Sequence[Pair], memory: TranslationMemory, language: str) -> Unaided:
    """The baselines on `pairs` (at least one); `memory` holds the training text."""
    sources, references = [pair.source for pair in pairs], [pair.target for pair in pairs]
    recalled = memory.translate(sources)
    copying, remembered = (
        corpus_scores(texts, references, METRICS, language=language)
        for texts in (sources, recalled)
    )
    return Unaided(list(pairs), language, recalled, copying, remembered)


def score(translate: Translate, part: Unaided) -> Scored:
    """Translate the sources of `part` and score them against the targets."""
    translations = [each.text for each in translate(part.sources)]
    scores = corpus_scores(translations, part.references, METRICS, language=part.language)
    return Scored(part, translations, scores)
