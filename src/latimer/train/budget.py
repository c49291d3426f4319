"""When a run ends, how far it has come, and when it cools down."""

from __future__ import annotations

from dataclasses import dataclass

from latimer.train.collapse import Limits
from latimer.train.progress import Progress


@dataclass(frozen=True)
class Budget:
    """The limits of a run; whichever is met first ends it. None is no limit."""

    max_seconds: float | None = None
    max_epochs: int | None = None
    max_updates: int | None = None
    patience: int | None = None
    """Validations in a row without gain."""
    cooldown: float = 0.0
    """The share of the run, at its end, over which the learning rate falls to 0."""
    collapse: Limits | None = None
    """How far figures may go before the run is given up; None never gives up."""

    def reason(self, progress: Progress) -> str | None:
        """Why the run is over, in words; None as long as it is not.

        The time of one validation is kept in reserve, for the one at the end.
        """
        if (collapsed := self.collapsed(progress)) is not None:
            return collapsed
        if self.max_updates is not None and progress.update >= self.max_updates:
            return f"{self.max_updates:,} updates are done"
        if self.max_epochs is not None and progress.epoch >= self.max_epochs:
            return f"{self.max_epochs:,} epochs are done"
        if progress.cooldown and progress.update >= progress.cooldown[1]:
            return "the learning rate has cooled down"
        pending = progress.validation_seconds if progress.validated < progress.update else 0.0
        if self.max_seconds is not None and progress.seconds + pending >= self.max_seconds:
            return f"{self.max_seconds / 60:g} minutes are over"
        if self.patience is not None and progress.stale >= self.patience:
            return f"{self.patience} validations in a row brought no gain"
        return None

    def collapsed(self, progress: Progress) -> str | None:
        """Why the run has been given up, in words; None as long as there is hope."""
        return self.collapse.reason(progress) if self.collapse else None

    def done(self, progress: Progress, epoch_batches: int) -> float | None:
        """The fraction of the run that is done, 0 to 1; None when only patience ends it."""
        fractions = []
        if self.max_updates is not None:
            fractions.append(progress.update / self.max_updates)
        if self.max_epochs is not None:
            epochs = progress.epoch + progress.position / max(epoch_batches, 1)
            fractions.append(epochs / self.max_epochs)
        if self.max_seconds is not None:
            fractions.append(progress.seconds / self.max_seconds)
        return min(1.0, max(fractions)) if fractions else None

    def seconds_left(self, progress: Progress, epoch_batches: int) -> float | None:
        """About how many seconds remain; None when nobody can know."""
        done = self.done(progress, epoch_batches)
        return progress.seconds * (1 - done) / done if done else None

    def cooldown_due(self, progress: Progress, epoch_batches: int) -> tuple[int, int] | None:
        """The updates between which to cool down, if that should start now.

        When the limit is one of time, the speed so far tells how many updates remain. So what the
        clock decides is decided once and then part of the state, and a run that continues after
        this moment has the same learning rates as one that never stopped.
        """
        done = self.done(progress, epoch_batches)
        if progress.cooldown or self.cooldown == 0 or not done or done < 1 - self.cooldown:
            return None
        remaining = round(progress.update * (1 - done) / done)
        return progress.update, progress.update + max(1, remaining)
