"""Random numbers that compiled code draws by itself, the same on every machine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from latimer.rl.arrays import Floats
from latimer.rl.compiled import compiled

Chance = NDArray[np.uint64]
"""The state of a generator: one number, changed by every draw."""

_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_UNIT = 2.0**-53


def new_chance(seed: int, run: int) -> Chance:
    """A generator for one run; runs of a seed do not share their numbers."""
    return np.random.SeedSequence([seed, run]).generate_state(1, np.uint64).astype(np.uint64)


@compiled
def uniform(chance: Chance) -> float:
    """A number from 0 to 1, 1 excluded, with 53 random bits (SplitMix64: Steele et al. 2014)."""
    chance[0] += _STEP
    z = chance[0]
    z = (z ^ (z >> np.uint64(30))) * _FIRST
    z = (z ^ (z >> np.uint64(27))) * _SECOND
    z = z ^ (z >> np.uint64(31))
    return np.float64(z >> np.uint64(11)) * _UNIT


@compiled
def draw(cumulative: Floats, state: int, action: int, ways: int, chance: Chance) -> int:
    """An index i below `ways`, up to cumulative[state, action, i] of all times.

    A certain outcome (one way) costs no random number.
    """
    index = 0
    if ways > 1:
        number = uniform(chance)
        while index < ways - 1 and number >= cumulative[state, action, index]:
            index += 1
    return index
