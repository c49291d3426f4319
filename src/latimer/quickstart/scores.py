"""How good the translator is, beside the score of copying the source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from latimer.engines.translator import Translation
from latimer.metrics.report import Score, corpus_scores
from latimer.text.pair import Pair

METRICS = ("bleu", "chrf")

Translate = Callable[[Sequence[str]], list[Translation]]
"""A translator with its search settled."""


@dataclass(frozen=True)
class Scored:
    """One part of the corpus: its translations and scores by metric name."""

    pairs: list[Pair]
    translations: list[str]
    model: dict[str, Score]
    copying: dict[str, Score]
    """What the source would score as its own translation: names and numbers are shared."""

    @property
    def bleu(self) -> float:
        """The model's."""
        return self.model["bleu"].value

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        scores = {
            name: {
                "score": self.model[name].value,
                "copying": self.copying[name].value,
                "signature": self.model[name].signature,
            }
            for name in self.model
        }
        return {"pairs": len(self.pairs), **scores}


def score(translate: Translate, pairs: Sequence[Pair], language: str) -> Scored:
    """Translate the sources of `pairs` (at least one) and score them against the targets.

    `language` is the code of the target language, which chooses BLEU's tokeniser.
    """
    sources = [pair.source for pair in pairs]
    references = [pair.target for pair in pairs]
    translations = [each.text for each in translate(sources)]
    return Scored(
        list(pairs),
        translations,
        corpus_scores(translations, references, METRICS, language=language),
        corpus_scores(sources, references, METRICS, language=language),
    )
