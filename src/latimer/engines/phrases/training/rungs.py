"""The kinds of phrase-based models, from the simplest to the whole: what each uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from latimer.recipe.phrases import ModelKind
from latimer.search.strategies import Stack
from latimer.statistical.decoder.features import DEFAULT_WEIGHTS


@dataclass(frozen=True)
class Rung:
    """longest: words of a phrase, None as the recipe says; weights: of the features it has, by
    default; search: changes to the recipe's search.
    """

    weights: Mapping[str, float]
    longest: int | None = None
    search: Mapping[str, float] | None = None

    def search_of(self, search: Stack) -> Stack:
        """The search of the model."""
        return search.replace(**self.search) if self.search else search


_CHANNEL = {
    "language": 0.5,
    "source_given_target": 0.5,
    "words": 0.3,
    "distortion": 0.3,
    "unknown": 10.0,
}
"""p(t) · p(s | t). The weight of words takes away the language model's leaning to short output."""

RUNGS: dict[ModelKind, Rung] = {
    "word_for_word": Rung(
        {"target_given_source": 1.0, "unknown": 10.0}, 1, {"reordering_limit": 0}
    ),
    "noisy_channel_words": Rung(_CHANNEL, 1),
    "noisy_channel_phrases": Rung(_CHANNEL),
    "log_linear": Rung(DEFAULT_WEIGHTS),
}
