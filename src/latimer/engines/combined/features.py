"""The features of the log-linear model that ranks the candidates of both systems.

- network: ln P of the text, given the source, by the network;
- language: ln p of the text by the language model of the phrase-based model;
- lexical_target, lexical_source: ln p of the words of one side given those of the other, by IBM
  model 1 (Brown et al. 1993);
- phrases: the score of the phrase-based model, less that of its best candidate; of texts that it
  did not find, that of its last;
- in_phrases, in_network: 1 for the candidates of each system;
- words: number of words;
- phrases_1 … phrases_4, network_1 … network_4: expected matches of n-grams with the translation of
  either system (see `latimer.engines.combined.posteriors`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from latimer.errors import InputError
from latimer.statistical.arrays import Floats
from latimer.statistical.tuning.features import FeatureWeights

DEFAULT_WEIGHTS: Final[Mapping[str, float]] = {
    "network": 0.4,
    "language": 0.15,
    "lexical_target": 0.05,
    "lexical_source": 0.4,
    "phrases": 0.4,
    "in_phrases": 0.0,
    "in_network": 0.0,
    "words": 0.1,
    "phrases_1": 0.2,
    "phrases_2": 0.3,
    "phrases_3": 0.25,
    "phrases_4": 0.2,
    "network_1": 0.2,
    "network_2": 0.1,
    "network_3": 0.1,
    "network_4": 0.15,
}
FEATURES: Final = tuple(DEFAULT_WEIGHTS)
NOT_NEGATIVE: Final = (*FEATURES[:5], *FEATURES[8:])
"""Log-probabilities and matches, which must not be held against a text."""


def features_to_tune() -> FeatureWeights:
    """The features with their default weights and bounds."""
    return FeatureWeights.of(dict(DEFAULT_WEIGHTS), non_negative=NOT_NEGATIVE)


def weight_array(weights: Mapping[str, float]) -> Floats:
    """`[features]`; raises InputError for a feature that is unknown or missing."""
    for name in (*weights, *FEATURES):
        if name not in FEATURES:
            raise InputError(f"weights: no feature {name!r}; there are {', '.join(FEATURES)}")
        if name not in weights:
            raise InputError(f"weights: {name} is missing")
    return np.array([weights[name] for name in FEATURES])
