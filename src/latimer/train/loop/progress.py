"""The progress of a run: counters and best scores, as numbers that JSON stores exactly."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

NOISE = 1.0
"""Below this BLEU, early in training, models are compared by dev loss."""

RECENT = 100
"""Updates over which variances and means of figures are taken."""


@dataclass
class Candidate:
    """A checkpoint that may be averaged at the end."""

    update: int
    bleu: float
    file: str
    loss: float = 0.0
    """Dev loss, nats per label: with equal BLEU the lower is better."""


@dataclass
class Progress:
    """The progress of a run; with the tensors of the state it determines all later updates.

    BLEU is 0 to 100, losses are nats per label, times are seconds.
    """

    update: int = 0
    """Updates made, skipped ones included."""
    epoch: int = 0
    position: int = 0
    """Batches of this epoch that were used."""
    seconds: float = 0.0
    """Training time, validation included, over all continuations."""
    validated: int = 0
    """The update of the latest validation."""
    validation_seconds: float = 0.0
    """Duration of the latest validation."""
    latest_bleu: float = -1.0
    best_bleu: float = -1.0
    best_loss: float = float("inf")
    best_update: int = 0
    stale: int = 0
    """Validations in a row without improvement."""
    plateau: int = 0
    """The same since the last decay of the learning rate."""
    decays: int = 0
    skipped: int = 0
    """Updates skipped because the loss or a gradient was not finite."""
    skipped_in_a_row: int = 0
    timed_out: bool = False
    """Whether time was up when the latest update began, so that it is the last."""
    sums: dict[str, float] = field(default_factory=dict)
    """Running sums since the last report."""
    candidates: list[Candidate] = field(default_factory=list)
    first: dict[str, float] = field(default_factory=dict)
    """Figures of the first validation."""
    latest: dict[str, float] = field(default_factory=dict)
    """Figures of the latest validation."""
    recent: dict[str, list[float]] = field(default_factory=dict)
    """Some figures of the last `RECENT` updates, oldest first."""
    phase: int = 0
    """Finished phases. All other fields but the next two are about the current one."""
    earlier_updates: int = 0
    """Updates of finished phases."""
    earlier_seconds: float = 0.0
    """Seconds of finished phases."""

    def to_json(self) -> dict[str, Any]:
        """As a dictionary for JSON."""
        return asdict(self)

    def next_phase(self) -> Progress:
        """The progress of the next phase at its beginning, which is validated first."""
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
        """Record the figures of a validation that are finite."""
        self.latest = {name: value for name, value in figures.items() if math.isfinite(value)}
        self.first = self.first or self.latest

    def record_update(self, figures: Mapping[str, float]) -> None:
        """Record figures of one update in `recent`."""
        for name, value in figures.items():
            self.recent[name] = [*self.recent.get(name, []), value][-RECENT:]

    def record_validation(self, bleu: float, loss: float, plateau_patience: int) -> bool:
        """Record the scores of the current model; returns whether it is the best so far.

        An improvement is a higher BLEU or, below `NOISE`, a lower loss. `plateau_patience`
        validations without one are a stall and add one to `decays`.
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
