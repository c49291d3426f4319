"""The training loop: update, validate, save, until the budget is used."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from statistics import pvariance

from latimer.errors import LatimerError
from latimer.train.loop.budget import Budget
from latimer.train.loop.clock_log import ClockLog, Tick
from latimer.train.loop.epochs import Epochs
from latimer.train.loop.interruption import Interrupted, Interruption
from latimer.train.loop.log import Report
from latimer.train.loop.progress import Progress
from latimer.train.loop.schedule import Clock, Schedule
from latimer.train.loop.stopwatch import Stopwatch
from latimer.train.loop.tuner import Mode, Tuner
from latimer.train.loop.update import Step, Updater
from latimer.train.loop.validation import DevScores

SKIPS_IN_A_ROW = 10
"""Updates in a row without a finite loss or gradient that end the run."""

FIRST_SAMPLES = (15.0, 30.0)
"""Seconds of training after which translations are shown if there was no validation yet."""
PACE = 60
"""Recent updates from which the remaining time is estimated."""

NORM = "gradient_norm"
EXPLAINED = "explained_variance"


@dataclass(frozen=True)
class Rhythm:
    """Intervals, in updates unless the name has another unit."""

    validate: int
    first_validation: int = 0
    """After the one at update 0, there is no validation before this update."""
    report: int = 10
    save_seconds: float = 300.0
    plateau_patience: int = 2
    """Validations without improvement that count as a stall."""
    unit: str = "tokens"
    """What the objective's `Loss.weight` counts: tokens or sentences."""


@dataclass(frozen=True)
class LoopSettings:
    """The learning rate, the limits, and the intervals of a run."""

    schedule: Schedule
    budget: Budget
    rhythm: Rhythm


@dataclass(frozen=True)
class Hooks:
    """Callbacks of the loop."""

    validate: Callable[[], DevScores | None]
    """Scores of the current model; None when interrupted. Called in the leader."""
    validated: Callable[[DevScores], None]
    """Called in the leader with the scores once they are in `progress`."""
    samples: Callable[[], None]
    """Shows some translations of the current model. Called in the leader."""
    save: Callable[[], None]
    """Saves the state. Called in every process."""
    report: Callable[[Report], None]
    """Called in the leader with every report."""


@dataclass(frozen=True)
class Timing:
    """The clock of a run and what depends on it."""

    stopwatch: Stopwatch
    tuner: Tuner
    log: ClockLog | None = None
    """Decisions that depended on the clock, in the leader; logged ones are repeated."""


class Loop:
    """Drives a run from where `progress` says it is to its end."""

    def __init__(
        self,
        progress: Progress,
        epochs: Epochs,
        updater: Updater,
        settings: LoopSettings,
        hooks: Hooks,
        interruption: Interruption,
        timing: Timing,
    ) -> None:
        self.progress = progress
        self.epochs = epochs
        self.updater = updater
        self.schedule = settings.schedule
        self.budget = settings.budget
        self.rhythm = settings.rhythm
        self.hooks = hooks
        self.group = updater.group
        self.interruption = interruption
        self.timing = timing
        self._saved = self._reported = progress.seconds
        self._paces: deque[tuple[float, float]] = deque(maxlen=PACE)
        self._samples_due = deque(FIRST_SAMPLES)

    def run(self) -> str:
        """Train until a limit is reached; returns which one, in words.

        Raises Interrupted, once the state is saved, after a signal, and LatimerError when losses
        or gradients are no longer finite.
        """
        progress = self.progress
        if progress.update == 0:
            self._save()  # fixes the recipe, and detects a full disk early
        while True:
            if self._validation_due():
                self._validate()
            reason = self.budget.reason(progress)
            if reason is not None:
                self._validate()
                return reason
            self._update()
            self._first_samples()
            if progress.seconds - self._saved >= self.rhythm.save_seconds:
                self._save()

    def _validation_due(self) -> bool:
        update, rhythm = self.progress.update, self.rhythm
        return update % rhythm.validate == 0 and not 0 < update < rhythm.first_validation

    def _update(self) -> None:
        progress = self.progress
        batches = self.epochs.batches(progress.epoch)
        past = self._past(progress.update + 1)
        seconds = past.seconds if past else self.timing.stopwatch.seconds()
        if self.group.world == 1:  # several processes agree on the time of the last update
            progress.seconds = seconds
        done = self.budget.done(progress, len(batches))
        progress.timed_out = self.budget.timed_out(progress)
        clock = Clock(progress.update + 1, progress.decays, done)
        rate = self.schedule.rate(clock)
        batch = self.epochs.collate(self.group.share(batches[progress.position]))
        mode = Mode(past.threads, past.precision) if past else self.timing.tuner.next()
        self.updater.workers.use(*mode)
        begun = time.monotonic()
        step = self.updater.update(
            batch.to(self.group.device) if batch else None,
            clock.update,
            rate,
            seconds=seconds,
            interrupted=self.interruption.requested,
        )
        if past:
            self.timing.stopwatch.reset(past.seconds)
        else:
            self.timing.tuner.took(time.monotonic() - begun, batch.tokens if batch else 0)
        self._advance(step, len(batches))
        self._note(Tick(progress.phase, progress.update, step.seconds, done, rate, *mode))
        self._paces.append((progress.seconds, done or 0.0))
        if progress.update % self.rhythm.report == 0:
            self._report(rate, done)
        if step.interrupted:
            self._stop()

    def _past(self, update: int, *, validation: bool = False) -> Tick | None:
        """The decisions that an earlier process logged for `update`."""
        log, phase = self.timing.log, self.progress.phase
        return None if log is None else log.past(phase, update, validation=validation)

    def _note(self, tick: Tick) -> None:
        if self.timing.log is not None:
            self.timing.log.add(tick)

    def _first_samples(self) -> None:
        """Show translations at `FIRST_SAMPLES` unless there was a validation before."""
        due = self._samples_due
        if self.group.leads and due and self.progress.seconds >= due[0]:
            due.popleft()
            if self.progress.validated <= 0:
                self.hooks.samples()

    def _advance(self, step: Step, batches: int) -> None:
        """Record `step`; raises LatimerError when too many in a row were skipped."""
        progress = self.progress
        progress.update += 1
        progress.seconds = step.seconds
        progress.position += 1
        if progress.position == batches:
            progress.epoch, progress.position = progress.epoch + 1, 0
        if step.skipped:
            progress.skipped += 1
            progress.skipped_in_a_row += 1
            if progress.skipped_in_a_row >= SKIPS_IN_A_ROW:
                raise LatimerError(
                    f"training broke down: {', '.join(step.broken)} not finite in "
                    f"{SKIPS_IN_A_ROW} updates in a row (the last is {progress.update:,}); the "
                    "best model is kept; start again with a lower training.learning_rate or "
                    "training.precision=fp32"
                )
            return
        progress.skipped_in_a_row = 0
        prefix = "" if len(step.norms) == 1 else "{}_"
        norms = {f"{prefix.format(name)}{NORM}": norm for name, norm in step.norms.items()}
        for name, value in {**step.sums, **norms, "weight": step.weight, "updates": 1}.items():
            progress.sums[name] = progress.sums.get(name, 0.0) + value
        explained = {n: v / step.weight for n, v in step.sums.items() if n == EXPLAINED}
        progress.record_update({**norms, **explained})

    def _report(self, rate: float, done: float | None) -> None:
        """Report the means since the last report."""
        progress = self.progress
        sums, progress.sums = progress.sums, {}
        weight, updates = sums.pop("weight", 0.0), sums.pop("updates", 0.0)
        figures = {}
        for name, value in sums.items():
            figures[name] = value / (updates if name.endswith(NORM) else weight)
            if name.endswith(NORM):
                figures[f"{name}_variance"] = pvariance(progress.recent[name])
        if "nll" in figures:
            figures["perplexity"] = perplexity(figures["nll"])
        elapsed = max(progress.seconds - self._reported, 1e-9)
        figures |= {f"{self.rhythm.unit}_per_second": weight / elapsed, "learning_rate": rate}
        figures["skipped"] = progress.skipped
        if done is not None:
            figures["done"] = done
        left = self.budget.seconds_left(done, self._pace(), progress.seconds)
        if left is not None:
            figures["seconds_left"] = left
        self._reported = progress.seconds
        self._say("update", figures)

    def _pace(self) -> float:
        """The recent share of the budget per second; 0 if unknown."""
        (first, before), (last, now) = self._paces[0], self._paces[-1]
        return (now - before) / (last - first) if last > first else 0.0

    def _validate(self) -> None:
        """Validate the model, unless it was validated at this update, and save the state."""
        progress = self.progress
        if progress.validated == progress.update:
            return
        begun = self.timing.stopwatch.seconds()
        scores = self.hooks.validate() if self.group.leads else DevScores(0.0, 0.0)
        known = (scores or DevScores(0.0, 0.0)).numbers()
        seconds = self.timing.stopwatch.seconds()
        took, past = seconds - begun, self._past(progress.update, validation=True)
        if past is not None and past.validation is not None:
            seconds, took = past.seconds, past.validation
            self.timing.stopwatch.reset(seconds)
        interrupted, seconds, took, *numbers = self.group.from_leader(
            [float(scores is None), seconds, took, *known]
        )
        if interrupted:
            self._stop()
        progress.seconds, progress.validation_seconds = seconds, took
        self._note(Tick(progress.phase, progress.update, seconds, validation=took))
        agreed = DevScores.from_numbers(numbers)
        bleu, loss, policy = agreed
        progress.record_validation(bleu, loss, self.rhythm.plateau_patience)
        progress.record_figures({"bleu": bleu, **policy})
        if self.group.leads:
            self.hooks.validated(agreed)
        figures = {"bleu": bleu, "loss": loss, "perplexity": perplexity(loss)}
        self._say("validation", {**figures, "best_bleu": progress.best_bleu, **policy})
        self._reported = seconds
        self._save()

    def _save(self) -> None:
        self.hooks.save()
        self._saved = self.progress.seconds

    def _stop(self) -> None:
        self._save()
        raise Interrupted(
            f"interrupted after update {self.progress.update:,}; the state is saved: "
            "run the same command again to continue"
        )

    def _say(self, kind: str, figures: dict[str, float]) -> None:
        progress = self.progress
        if self.group.leads:
            self.hooks.report(
                Report(kind, progress.update, progress.epoch, progress.seconds, figures)
            )


def perplexity(loss: float) -> float:
    """The exponential of a loss in nats; infinite where that overflows."""
    return math.exp(loss) if loss < 700 else math.inf
