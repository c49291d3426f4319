"""When a run ends, and how far it has come."""

from __future__ import annotations

from dataclasses import dataclass

from latimer.train.loop.divergence import Limits
from latimer.train.loop.progress import Progress


@dataclass(frozen=True)
class Budget:
    """The limits of a run; whichever is met first ends it. None is no limit."""

    max_seconds: float | None = None
    max_epochs: int | None = None
    max_updates: int | None = None
    patience: int | None = None
    """Validations in a row without gain."""
    limits: Limits | None = None
    """How far figures may go before the run is given up; None never gives up."""

    def reason(self, progress: Progress) -> str | None:
        """Why the run is over, in words; None as long as it is not.

        Time is over once an update has been made that knew it to be the last; see `done`.
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
        """Why the run has been given up, in words; None as long as there is hope."""
        return self.limits.reason(progress) if self.limits else None

    def done(self, progress: Progress, epoch_batches: int) -> float | None:
        """The share of the budget that is used once the next update is made, 0 to 1.

        None when only patience ends the run. It is 1 for the last update: that is known of updates
        and epochs; under a limit of time it is the first update that begins when time is up.
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
        """About how many seconds remain; None when nobody can know.

        `pace` is the share of the budget used in a second, lately; `seconds` are those used.
        """
        if done is None or pace <= 0:
            return None
        left = (1 - done) / pace
        return left if self.max_seconds is None else min(left, max(0.0, self.max_seconds - seconds))

    def _time(self, progress: Progress) -> float | None:
        """The share of time used, if there is a limit; one validation, the last, is kept back."""
        if self.max_seconds is None:
            return None
        reserve = min(progress.validation_seconds, self.max_seconds / 2)
        return progress.seconds / (self.max_seconds - reserve)
