"""An engine of two models."""

from __future__ import annotations

from latimer.engines.combined.engine import CombinedEngine
from latimer.engines.combined.features import weight_array
from latimer.engines.combined.folder import Models
from latimer.engines.combined.options import CombinedOptions
from latimer.engines.neural.engine import NeuralEngine, Working
from latimer.engines.phrases.engine import PhraseEngine
from latimer.search.strategies import Beam


def engine_of(models: Models, options: CombinedOptions) -> CombinedEngine:
    """The engine that combines the two as `config.json` says."""
    config = models.config
    assert isinstance(config.search, Beam)
    return CombinedEngine(
        NeuralEngine(models.network, working=Working(threads=options.threads, shortlist="off")),
        PhraseEngine(models.phrases, options.threads), weight_array(config.weights),
        config.combination, config.search,
    )  # fmt: skip
