"""Random numbers that compiled code draws by itself, the same on every machine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from latimer.rl.mdp.arrays import Floats
from latimer.rl.mdp.compiled import compiled

Chance = NDArray[np.uint64]
"""The state of a generator: one number, changed by every draw."""

STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_UNIT = 2.0**-53


def new_chance(seed: int, run: int) -> Chance:
    """A generator for one run; runs of a seed do not share their numbers."""
    return np.random.SeedSequence([seed, run]).generate_state(1, np.uint64).astype(np.uint64)


@compiled
def scramble(counter: np.uint64) -> float:
    """A number from 0 to 1, 1 excluded, with 53 random bits (SplitMix64: Steele et al. 2014).

    `counter` grows by STEP from one number to the next. Loops that must be fast keep it in a
    variable of their own: read from an array, it would have every other array read anew.
    """
    z = counter
    z = (z ^ (z >> np.uint64(30))) * _FIRST
    z = (z ^ (z >> np.uint64(27))) * _SECOND
    z = z ^ (z >> np.uint64(31))
    return np.float64(z >> np.uint64(11)) * _UNIT


@compiled
def uniform(chance: Chance) -> float:
    """The next number of a generator."""
    chance[0] += STEP
    return scramble(chance[0])


@compiled
def outcome_of(cumulative: Floats, state: int, action: int, ways: int, number: float) -> int:
    """An index i below `ways`, up to cumulative[state, action, i] of all numbers from 0 to 1."""
    index = 0
    for way in range(ways - 1):  # without a branch, which would be guessed wrong
        index += number >= cumulative[state, action, way]
    return index
