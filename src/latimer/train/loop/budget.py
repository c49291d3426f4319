"""The limits of a run, and the share of them that is used."""

from __future__ import annotations

from dataclasses import dataclass

from latimer.train.loop.divergence import Limits
from latimer.train.loop.progress import Progress


@dataclass(frozen=True)
class Budget:
    """The limits of a run; the first to be reached ends it. None is no limit."""

    max_seconds: float | None = None
    max_epochs: int | None = None
    max_updates: int | None = None
    patience: int | None = None
    """Validations in a row without gain."""
    limits: Limits | None = None
    """Figures at which learning from reward counts as diverged; None checks nothing."""

    def reason(self, progress: Progress) -> str | None:
        """Why the run is over, in words; None while it is not.

        A limit of time is reached after an update that was known to be the last; see `done`.
        """
        if (diverged := self.diverged(progress)) is not None:
            return diverged
        if self.max_updates is not None and progress.update >= self.max_updates:
            return f"{self.max_updates:,} updates are done"
        if self.max_epochs is not None and progress.epoch >= self.max_epochs:
            return f"{self.max_epochs:,} epochs are done"
        if self.max_seconds is not None and progress.timed_out:
            return f"{self.max_seconds / 60:.4g} minutes are over"
        if self.patience is not None and progress.stale >= self.patience:
            return f"{self.patience} validations in a row brought no gain"
        return None

    def diverged(self, progress: Progress) -> str | None:
        """Why the run counts as diverged, in words; None if it does not."""
        return self.limits.reason(progress) if self.limits else None

    def done(self, progress: Progress, epoch_batches: int) -> float | None:
        """The share of the budget that is used after the next update, 0 to 1.

        None when only patience ends the run. It is 1 for the last update. Under a limit of time
        the last update is the first one that begins when time is up.
        """
        fractions = []
        if self.max_updates is not None:
            fractions.append((progress.update + 1) / self.max_updates)
        if self.max_epochs is not None:
            epochs = progress.epoch + (progress.position + 1) / max(epoch_batches, 1)
            fractions.append(epochs / self.max_epochs)
        if (time := self._time(progress)) is not None:
            fractions.append(time)
        return min(1.0, max(fractions)) if fractions else None

    def timed_out(self, progress: Progress) -> bool:
        """Whether the next update is the last because time is up."""
        time = self._time(progress)
        return time is not None and time >= 1

    def seconds_left(self, done: float | None, pace: float, seconds: float) -> float | None:
        """The estimated seconds that remain; None when there is no estimate.

        `pace` is the recent share of the budget used per second; `seconds` are those used so far.
        """
        if done is None or pace <= 0:
            return None
        left = (1 - done) / pace
        return left if self.max_seconds is None else min(left, max(0.0, self.max_seconds - seconds))

    def _time(self, progress: Progress) -> float | None:
        """The share of the time that is used; the duration of the last validation is reserved."""
        if self.max_seconds is None:
            return None
        reserve = min(progress.validation_seconds, self.max_seconds / 2)
        return progress.seconds / (self.max_seconds - reserve)
