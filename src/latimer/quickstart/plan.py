"""The user's choices for a quickstart."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from latimer.quickstart.corpus import Languages


@dataclass(frozen=True)
class Plan:
    """The user's choices."""

    out: Path
    files: list[Path]
    """The user's files; empty for the text of Home Assistant."""
    languages: Languages
    minutes: float | None
    """Minutes of training by likelihood, over all runs in the folder; None: as the recipe says."""
    improve_minutes: float
    """Minutes of learning from reward after it; 0 leaves it out."""
    seed: int
    threads: int | None
    again: list[str]
    """Command line arguments that name the same corpus and folder."""

    @property
    def name(self) -> str:
        """The name of the corpus, for titles."""
        what = self.files[0].name if self.files else "Home Assistant"
        return f"{what}, {self.languages.source} to {self.languages.target}"

    @property
    def command(self) -> str:
        """The command line that repeats this quickstart."""
        return "latimer quickstart " + " ".join(self.again)
