"""Tuners by name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from latimer.statistical.tuning.bleu import Floats
from latimer.statistical.tuning.features import FeatureWeights
from latimer.statistical.tuning.mert import mert
from latimer.statistical.tuning.mira import mira
from latimer.statistical.tuning.pool import NBestPool
from latimer.statistical.tuning.pro import pro
from latimer.statistical.tuning.settings import TuningSettings

Tuner = Callable[[NBestPool, Floats, FeatureWeights, TuningSettings, np.random.Generator], Floats]
"""From a pool and the weights to start at, new weights within the features' bounds."""

TUNERS: dict[str, Tuner] = {"mert": mert, "mira": mira, "pro": pro}
"""By `TuningSettings.kind`; `none` has no tuner."""
