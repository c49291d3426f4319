"""An estimate of what more training would bring when time has ended it early."""

from __future__ import annotations

import math
from dataclasses import dataclass

from latimer.quickstart.progress import about

DOUBLING = 4.0
"""BLEU gained by twice as many updates: a rough estimate from learning curves on interface text."""


@dataclass(frozen=True)
class Cut:
    """A training that ended because its time was over."""

    updates: int
    """Updates made."""
    planned: int
    """Updates planned."""
    minutes: float
    """Minutes of training."""
    cores: str
    """How much of the machine it had, in words."""


def outlook(cut: Cut, command: str) -> str:
    """The progress of the training, the time that is missing, and the BLEU that it would bring.

    `command` continues the training; its field `{minutes}` is filled in.
    """
    missing = cut.minutes * (cut.planned - cut.updates) / max(cut.updates, 1)
    gain = DOUBLING * math.log2(cut.planned / max(cut.updates, 1))
    total = math.ceil(cut.minutes + missing)
    return (
        f"Time was over after {cut.updates:,} of {cut.planned:,} updates: {cut.cores}. At this "
        f"pace the rest takes {about(60 * missing)} and is likely to bring some {gain:.0f} BLEU "
        f"more. Continue with: {command.format(minutes=total)}"
    )
