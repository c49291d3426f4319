"""Which of the translators of a quickstart is offered: whichever is best on dev."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latimer.quickstart.improvement import copy
from latimer.quickstart.scores import Scored

NETWORK = "network"


@dataclass(frozen=True)
class Candidate:
    """A translator: what it is called, where it is, and its scores by part."""

    name: str
    model: Path
    parts: dict[str, Scored]

    @property
    def dev_bleu(self) -> float:
        """BLEU on dev, or below all where there is no dev."""
        return self.parts["dev"].bleu if "dev" in self.parts else -1.0

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        bleu = {part: scored.bleu for part, scored in self.parts.items()}
        return {"name": self.name, "model": str(self.model), "bleu": bleu}


def best_of(candidates: Sequence[Candidate]) -> Candidate:
    """The one with the most BLEU on dev; the first of equal ones."""
    return max(candidates, key=lambda one: one.dev_bleu)


def keep(out: Path, network: Path, offered: Candidate) -> Path:
    """Copy the offered translator to `models/best`, and the network beside it if that is another.

    Returns the folder of the offered translator.
    """
    best, own = out / "models" / "best", out / "models" / NETWORK
    if offered.model != network:
        copy(network, own)
    copy(offered.model, best)
    return best


def restore_network(out: Path) -> None:
    """Put the network back where its training expects it, if another translator was offered."""
    own = out / "models" / NETWORK
    if own.is_dir():
        copy(own, out / "models" / "best")
