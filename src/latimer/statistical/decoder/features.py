"""The features of a log-linear model of translation (Och & Ney 2002), and their default weights.

A derivation cuts the source into phrases, takes a translation for each and an order. Its score is
the sum of weight times feature. Features are natural logarithms or counts:

- language: ln p of the translation by the language model;
- target_given_source, source_given_target: phrase translation probabilities, both ways;
- lexical_target, lexical_source: lexical weights, both ways;
- phrases: minus the number of phrases; words: number of target words;
- distortion: minus the distances jumped over in the source;
- unknown: minus the number of words copied for want of a translation;
- previous_*, next_*: ln p that a phrase follows the one before it, or is followed by the next one,
  in order (monotone), swapped with it, or elsewhere (discontinuous).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from latimer.errors import InputError
from latimer.statistical.arrays import Floats

FEATURES: Final = (
    "language",
    "target_given_source",
    "source_given_target",
    "lexical_target",
    "lexical_source",
    "phrases",
    "words",
    "distortion",
    "unknown",
    "previous_monotone",
    "previous_swap",
    "previous_discontinuous",
    "next_monotone",
    "next_swap",
    "next_discontinuous",
)
LANGUAGE, TRANSLATION, PHRASES, WORDS, DISTORTION, UNKNOWN, ORIENTATION = 0, 1, 5, 6, 7, 8, 9
"""Place of a feature, or the first of several."""

DEFAULT_WEIGHTS: Final[Mapping[str, float]] = {
    "language": 0.45,
    "target_given_source": 0.2,
    "source_given_target": 0.25,
    "lexical_target": 0.1,
    "lexical_source": 0.25,
    "phrases": 0.2,
    "words": 0.35,
    "distortion": 0.3,
    "unknown": 10.0,
    "previous_monotone": 0.1,
    "previous_swap": 0.1,
    "previous_discontinuous": 0.1,
    "next_monotone": 0.1,
    "next_swap": 0.1,
    "next_discontinuous": 0.1,
}
NOT_NEGATIVE: Final = FEATURES[:5] + FEATURES[7:9]
"""Features whose weight may not fall below 0: with less the search prefers improbable output."""


def weight_array(weights: Mapping[str, float]) -> Floats:
    """`[features]`, 0 for what is not named; raises InputError for an unknown feature."""
    for name in weights:
        if name not in FEATURES:
            raise InputError(f"weights: no feature {name!r}; there are {', '.join(FEATURES)}")
    return np.array([weights.get(name, 0.0) for name in FEATURES])


def weights_by_name(weights: Floats) -> dict[str, float]:
    """The opposite of `weight_array`."""
    return {name: float(one) for name, one in zip(FEATURES, weights, strict=True)}
