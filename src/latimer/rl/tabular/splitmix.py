"""SplitMix64: random numbers that compiled code draws itself, the same on every machine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from latimer.compiled import compiled
from latimer.rl.mdp.arrays import Floats

SplitMix = NDArray[np.uint64]
"""The state of a generator [1]: its counter, which every draw advances by STEP."""

STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_UNIT = 2.0**-53


def new_generator(seed: int, run: int) -> SplitMix:
    """A generator for one run; runs of a seed do not share their numbers."""
    return np.random.SeedSequence([seed, run]).generate_state(1, np.uint64).astype(np.uint64)


@compiled
def uniform_at(counter: np.uint64) -> float:
    """The number in [0, 1) of a counter, with 53 random bits (Steele et al. 2014).

    `counter` grows by STEP from one number to the next. Fast loops keep it in a local variable:
    if it were read from an array, the compiler would have to reload every other array as well.
    """
    z = counter
    z = (z ^ (z >> np.uint64(30))) * _FIRST
    z = (z ^ (z >> np.uint64(27))) * _SECOND
    z = z ^ (z >> np.uint64(31))
    return np.float64(z >> np.uint64(11)) * _UNIT


@compiled
def uniform(generator: SplitMix) -> float:
    """The next number of a generator, in [0, 1)."""
    generator[0] += STEP
    return uniform_at(generator[0])


@compiled
def sample_outcome(
    cumulative: Floats, state: int, action: int, outcomes: int, number: float
) -> int:
    """The first of `outcomes` indices whose cumulative[state, action, index] exceeds `number`."""
    index = 0
    for outcome in range(outcomes - 1):  # without a branch, which would often be mispredicted
        index += number >= cumulative[state, action, outcome]
    return index
