"""Guidance and weights of a combined model, chosen on a development set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from latimer.engines.combined.candidates import Candidates, Found
from latimer.engines.combined.engine import CombinedEngine
from latimer.engines.combined.features import features_to_tune
from latimer.engines.engine import Output, Segment
from latimer.metrics.corpus_scores import corpus_scores, sacrebleu_metric
from latimer.search.strategies import Beam
from latimer.statistical.arrays import Floats
from latimer.statistical.sentences import Sentences
from latimer.statistical.tuning.loop import LEAST_SENTENCES, Tuned, tune
from latimer.statistical.tuning.pool import NBest
from latimer.statistical.tuning.settings import TuningSettings

SHAPE = (0.1, 0.2, 0.3, 0.4)
"""Guidance by n: Θ_n of linear BLEU grow about so (Tromble et al. 2008, section 4)."""
STRENGTHS = (0.0, 0.5, 1.0, 2.0)
"""ΣΘ_n, of which the best on some sentences is taken."""
USUAL_STRENGTH = 1.0
"""That of a development set too small to choose on."""
SENTENCES = 300
"""Sentences of the development set on which guidance is chosen, at most."""
SETTINGS = TuningSettings(kind="mert", restarts=4, trust=5.0)
"""All candidates are known from the start, so that weights may go far from the default."""


def guidance_of(strength: float) -> tuple[float, ...]:
    """Θ_1 … Θ_4 of a strength."""
    return tuple(round(strength * share, 6) for share in SHAPE)


class Development(NamedTuple):
    """A development set: distinct lists of equal length, no source blank."""

    segments: Sequence[Segment]
    references: Sequence[str]
    language: str

    def first(self, count: int) -> Development:
        """Its first pairs."""
        return Development(self.segments[:count], self.references[:count], self.language)

    def bleu(self, texts: Sequence[str]) -> float:
        """BLEU of translations."""
        scores = corpus_scores(texts, self.references, ["bleu"], language=self.language)
        return scores["bleu"].value

    @property
    def small(self) -> bool:
        """Whether it is too small to choose anything on."""
        return len(self.segments) < LEAST_SENTENCES


def choose_guidance(
    engine: CombinedEngine, search: Beam, dev: Development,
    phrases: Sequence[Sequence[Output]],
) -> tuple[tuple[float, ...], list[float]]:  # fmt: skip
    """The guidance with which the network's first outputs have the best BLEU, and BLEU of each."""
    some = dev.first(SENTENCES)
    scores = []
    for strength in STRENGTHS:
        found = engine.candidates(
            some.segments, search, guidance_of(strength), phrases[: len(some.segments)]
        )
        scores.append(some.bleu([_first(one.network) for one in found]))
    return guidance_of(STRENGTHS[int(np.argmax(scores))]), scores


def tune_weights(candidates: Sequence[Candidates], dev: Development) -> Tuned:
    """Weights of the features, by MERT over candidates that are all known."""
    numbers: dict[str, int] = {}
    split = sacrebleu_metric("bleu", dev.language).tokenizer

    def ids(text: str) -> list[int]:
        return [numbers.setdefault(token, len(numbers)) for token in split(text).split()]

    references = Sentences.of([ids(one) for one in dev.references])
    known = [[ids(text) for text in one.texts] for one in candidates]

    def decode(weights: Floats) -> NBest:
        return NBest.of(
            [
                [(tokens[row], one.features[row]) for row in _order(one.features @ weights)]
                for one, tokens in zip(candidates, known, strict=True)
            ]
        )

    return tune(decode, references, features_to_tune(), SETTINGS)


def best_texts(candidates: Sequence[Candidates], weights: Floats) -> list[str]:
    """The first text of each by its score."""
    return [one.texts[_order(one.features @ weights)[0]] for one in candidates]


def first_texts(found: Sequence[Found], outputs: Callable[[Found], Sequence[Output]]) -> list[str]:
    """The first output of one system for each segment, empty where it has none."""
    return [_first(outputs(one)) for one in found]


def _order(scores: Floats) -> list[int]:
    """Rows, the best first; of equals the first."""
    return [int(row) for row in np.argsort(-scores, kind="stable")]


def _first(outputs: Sequence[Output]) -> str:
    return outputs[0].text if outputs else ""
