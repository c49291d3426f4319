"""What a training that time has cut short would have brought: an honest word."""

from __future__ import annotations

import math
from dataclasses import dataclass

from latimer.quickstart.progress import about

DOUBLING = 4.0
"""BLEU that twice as many updates bring, a rough guess from learning curves on interface text."""


@dataclass(frozen=True)
class Cut:
    """A training that ended because its time was over."""

    updates: int
    """Made."""
    planned: int
    minutes: float
    """Trained."""
    cores: str
    """How much of the machine it had, in words."""


def outlook(cut: Cut, command: str) -> str:
    """How far training came, why, what is missing and what it is likely to bring.

    `command` goes on with it.
    """
    missing = cut.minutes * (cut.planned - cut.updates) / max(cut.updates, 1)
    gain = DOUBLING * math.log2(cut.planned / max(cut.updates, 1))
    total = math.ceil(cut.minutes + missing)
    return (
        f"Time was over after {cut.updates:,} of {cut.planned:,} updates: {cut.cores}. At this "
        f"pace the rest takes {about(60 * missing)} and is likely to bring some {gain:.0f} BLEU "
        f"more. Go on with: {command.format(minutes=total)}"
    )
