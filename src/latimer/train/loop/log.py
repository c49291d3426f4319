"""The log files of a run: log.jsonl for programs, train.log for people, TensorBoard if asked for.

All are cut back to where they were when a state was saved, so that a run that continues from that
state writes every report once.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from latimer.errors import LatimerError
from latimer.train.loop.tensorboard import EventWriter, events_name


@dataclass(frozen=True)
class Report:
    """One report of a run.

    Kinds: `start`, `update` (figures are means since the last report: `loss`, `perplexity`,
    `tokens_per_second`, `learning_rate`, `gradient_norm`, its variance over the last updates,
    `skipped`, `done`, the share of the budget used, `seconds_left`, and those of the objective),
    `validation` (`bleu`, `loss`, `perplexity`, `best_bleu`, and `dev_policy.DEV_FIGURES` where
    there is a reward), `samples` (some translations), `choice` (threads and precision, and why),
    `note` and `stop`.
    """

    kind: str
    update: int
    epoch: int
    seconds: float
    """Seconds of training so far, over all continuations."""
    figures: dict[str, float] = field(default_factory=dict)
    message: str = ""
    phase: str = ""
    """The name of the phase, if the recipe has phases."""
    samples: tuple[tuple[str, str], ...] = ()
    """Dev sources and their current translations."""

    def to_json(self) -> str:
        """One line of JSON; what is not a finite number becomes null."""
        facts: dict[str, Any] = {
            "kind": self.kind,
            **({"phase": self.phase} if self.phase else {}),
            "update": self.update,
            "epoch": self.epoch,
            "seconds": round(self.seconds, 3),
        }
        for name, value in self.figures.items():
            facts[name] = value if math.isfinite(value) else None
        if self.message:
            facts["message"] = self.message
        if self.samples:
            facts["samples"] = self.samples
        return json.dumps(facts, ensure_ascii=False)

    def __str__(self) -> str:
        """One line for people."""
        phase = f"{self.phase}, " if self.phase else ""
        head = f"{clock(self.seconds)}  {phase}epoch {self.epoch + 1}, update {self.update:,}"
        figures = "  ".join(
            SHOWN[name](value) for name, value in self.figures.items() if name in SHOWN
        )
        label = "dev: " if self.kind == "validation" else ""
        shown = " | ".join(f"{source} → {translation}" for source, translation in self.samples)
        return "  ".join(part for part in (head, label + figures, self.message, shown) if part)


SHOWN = {
    "loss": lambda value: f"loss {value:.3f}",
    "perplexity": lambda value: f"perplexity {value:.2f}",
    "bleu": lambda value: f"BLEU {value:.2f}",
    "best_bleu": lambda value: f"best {value:.2f}",
    "reward": lambda value: f"reward {value:.3f}",
    "reward_greedy": lambda value: f"greedy {value:.3f}",
    "reward_gap": lambda value: f"gap {value:+.3f}",
    "entropy": lambda value: f"entropy {value:.2f}",
    "kl": lambda value: f"KL {value:.2f}",
    "length_ratio": lambda value: f"length {value:.2f}",
    "explained_variance": lambda value: f"critic explains {value:.2f}",
    "tokens_per_second": lambda value: f"{value:,.0f} tokens/s",
    "sentences_per_second": lambda value: f"{value:,.0f} sentences/s",
    "learning_rate": lambda value: f"rate {value:.2e}",
    "seconds_left": lambda value: f"{clock(value)} left",
}
"""The figures shown to people, and their format."""

OF_REWARD = (
    "reward", "reward_greedy", "reward_gap", "entropy", "kl", "length_ratio", "explained_variance",
)  # fmt: skip
"""Figures of `SHOWN` that only learning from reward has."""


def clock(seconds: float) -> str:
    """Seconds as `1:02:03` or `2:03`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


SCALARS = {"update": "train", "validation": "dev"}
"""Kinds of reports whose figures TensorBoard shows, and the group of tags they get."""


class RunLog:
    """The log files of a run folder."""

    def __init__(
        self, run: Path, positions: Mapping[str, int] | None, *, tensorboard: bool = False
    ) -> None:
        """Open the logs and cut each back to its length in `positions`, or to nothing.

        Without `positions` they continue where they end. With `tensorboard` events are written
        too. Raises LatimerError when a file cannot be written or TensorBoard is not installed.
        """
        self._folder = run
        self._files: dict[str, IO[bytes]] = {}
        try:
            self._json = self._open("log.jsonl", positions)
            self._plain = self._open("train.log", positions)
            self._events = None
            if tensorboard:
                self._events = EventWriter(self._open(events_name(run), positions))
        except OSError as error:
            raise self._failure(error) from error

    def _open(self, name: str, positions: Mapping[str, int] | None) -> IO[bytes]:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        self._files[name] = _cut(path, None if positions is None else positions.get(name, 0))
        return self._files[name]

    def write(self, report: Report) -> None:
        """Add `report` to all files; raises LatimerError when the disk refuses."""
        try:
            self._json.write((report.to_json() + "\n").encode())
            self._plain.write((str(report) + "\n").encode())
            group = SCALARS.get(report.kind)
            if self._events is not None and group is not None:
                self._events.write(report.update, group, report.figures)
            for file in self._files.values():
                file.flush()
        except OSError as error:
            raise self._failure(error) from error

    def sync(self) -> dict[str, int]:
        """Force everything onto the disk; returns the length of each file in bytes."""
        try:
            for file in self._files.values():
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise self._failure(error) from error
        return {name: file.tell() for name, file in self._files.items()}

    def close(self) -> None:
        """Close the files; errors while doing so are ignored."""
        for file in self._files.values():
            try:
                file.close()
            except OSError:
                continue

    def _failure(self, error: OSError) -> LatimerError:
        return LatimerError(
            f"cannot write the logs in {self._folder}: {error.strerror or error}; the last state "
            "is intact: make room and run the same command again"
        )


def _cut(path: Path, length: int | None) -> IO[bytes]:
    """`path` opened for appending after its first `length` bytes, or after all of them."""
    file = path.open("ab")
    if length is not None:
        file.truncate(min(length, path.stat().st_size))
    file.seek(0, os.SEEK_END)
    return file
