"""Where a run is: counters and best scores, as plain numbers that JSON keeps exactly."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

NOISE = 1.0
"""Below this BLEU, early in training, scores are noise and dev loss says what is better."""


RECENT = 100
"""Updates over which the variance of gradient norms is told."""


@dataclass
class Candidate:
    """A checkpoint that may be averaged at the end."""

    update: int
    bleu: float
    file: str
    loss: float = 0.0
    """Dev loss, nats a label: of equal BLEU the lower is better."""


@dataclass
class Progress:
    """The position of a run. Together with the tensors of the state it determines all that follows.

    BLEU is 0 to 100, losses are nats a label, times are seconds.
    """

    update: int = 0
    """Updates made, skipped ones included."""
    epoch: int = 0
    position: int = 0
    """Batches of this epoch already used."""
    seconds: float = 0.0
    """Training time, validation included, over all continuations."""
    validated: int = 0
    """The update of the latest validation."""
    validation_seconds: float = 0.0
    """How long the latest validation took."""
    latest_bleu: float = -1.0
    best_bleu: float = -1.0
    best_loss: float = float("inf")
    best_update: int = 0
    stale: int = 0
    """Validations in a row without gain."""
    plateau: int = 0
    """The same, counted anew after every decay of the learning rate."""
    decays: int = 0
    skipped: int = 0
    """Updates left out because the loss or a gradient was not finite."""
    skipped_in_a_row: int = 0
    timed_out: bool = False
    """Whether time was up when the latest update began, so that it was the last."""
    sums: dict[str, float] = field(default_factory=dict)
    """Running sums since the last report."""
    candidates: list[Candidate] = field(default_factory=list)
    first: dict[str, float] = field(default_factory=dict)
    """Figures of the first validation."""
    latest: dict[str, float] = field(default_factory=dict)
    """Figures of the latest one."""
    recent: dict[str, list[float]] = field(default_factory=dict)
    """Some figures of the last `RECENT` updates, the oldest first."""
    phase: int = 0
    """Phases that are over. All the rest is about the present one."""
    earlier_updates: int = 0
    """Made in the phases that are over."""
    earlier_seconds: float = 0.0
    """Spent in them."""

    def to_json(self) -> dict[str, Any]:
        """As a dictionary for JSON."""
        return asdict(self)

    def next_phase(self) -> Progress:
        """The beginning of the phase after this one, which scores what it starts from."""
        return Progress(
            validated=-1,
            phase=self.phase + 1,
            earlier_updates=self.earlier_updates + self.update,
            earlier_seconds=self.earlier_seconds + self.seconds,
        )

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Progress:
        """Inverse of `to_json`; raises TypeError for keys of another version."""
        progress = cls(**values)
        progress.candidates = [Candidate(**entry) for entry in values["candidates"]]
        return progress

    def record_figures(self, figures: Mapping[str, float]) -> None:
        """Note the figures of a validation; what is no number is left out."""
        self.latest = {name: value for name, value in figures.items() if math.isfinite(value)}
        self.first = self.first or self.latest

    def record_update(self, figures: Mapping[str, float]) -> None:
        """Note figures of one update in `recent`."""
        for name, value in figures.items():
            self.recent[name] = [*self.recent.get(name, []), value][-RECENT:]

    def record_validation(self, bleu: float, loss: float, plateau_patience: int) -> bool:
        """Note the scores of the model after `update`; returns whether it is the best so far.

        A gain is a better BLEU or, as long as BLEU is noise, a better loss. Every
        `plateau_patience` validations without one count as a stall and add to `decays`.
        """
        noise = max(bleu, self.best_bleu) < NOISE
        gain = loss < self.best_loss if noise else bleu > self.best_bleu
        self.validated, self.latest_bleu = self.update, bleu
        self.best_loss = min(loss, self.best_loss)
        if gain:
            self.best_bleu, self.best_update = bleu, self.update
            self.stale = self.plateau = 0
            return True
        self.stale += 1
        self.plateau += 1
        if self.plateau >= plateau_patience:
            self.decays += 1
            self.plateau = 0
        return False
