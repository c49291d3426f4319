"""The settings of tabular algorithms: a class for each kind of algorithm, a field for each option.

What an algorithm reads are the fields of its class, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

from latimer.errors import InputError
from latimer.rl.tabular.schedules import Schedule, check_schedule

TRACES = ("replacing", "accumulating", "dutch")
"""A pair that is visited when its trace is e gets 1 (Singh & Sutton 1996), e + 1 (Sutton & Barto
2018, section 12.2), or (1 - α) e + 1 (van Seijen & Sutton 2014; section 12.5)."""
MOST_PLANNING = 10_000


@dataclass(frozen=True)
class Exploration:
    """epsilon: ε of the ε-greedy policy; initial: the first estimate of every action value.

    InputError for a value out of range, here and in the classes below.
    """

    epsilon: Schedule = 0.1
    initial: float = 0.0

    def __post_init__(self) -> None:
        """Check the ranges."""
        check_schedule("epsilon", self.epsilon)


@dataclass(frozen=True)
class StepSize(Exploration):
    """alpha: the step size α."""

    alpha: Schedule = 0.5

    def __post_init__(self) -> None:
        """Check the ranges."""
        super().__post_init__()
        check_schedule("alpha", self.alpha)


@dataclass(frozen=True)
class OneStep(StepSize):
    """Of one-step methods. by_visits: divide α by the number of visits of the pair in this run.

    With α = 1 an action value is then the mean of its targets.
    """

    by_visits: bool = False


@dataclass(frozen=True)
class EligibilityTraces(StepSize):
    """Of SARSA(λ) and Q(λ). decay: λ; traces: one of TRACES."""

    decay: float = 0.9
    traces: str = "replacing"

    def __post_init__(self) -> None:
        """Check the ranges."""
        super().__post_init__()
        if not 0 <= self.decay <= 1:
            raise InputError(f"decay is {self.decay}; it must be from 0 to 1")
        if self.traces not in TRACES:
            raise InputError(f"traces {self.traces!r}; valid choices: {', '.join(TRACES)}")


@dataclass(frozen=True)
class Planning(StepSize):
    """Of Dyna-Q and prioritised sweeping. planning: updates from the model after each step."""

    planning: int = 10

    def __post_init__(self) -> None:
        """Check the ranges."""
        super().__post_init__()
        if not 0 <= self.planning <= MOST_PLANNING:
            raise InputError(f"planning is {self.planning}; it must be from 0 to {MOST_PLANNING:,}")


@dataclass(frozen=True)
class CertaintyEquivalence(Exploration):
    """Of certainty equivalence, which has no step size."""
