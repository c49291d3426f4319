"""The training loop: update, validate, save, until the budget is used."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import pvariance

from latimer.errors import LatimerError
from latimer.train.budget import Budget
from latimer.train.distributed import Group
from latimer.train.epochs import Epochs
from latimer.train.interruption import Interrupted, Interruption
from latimer.train.log import Report
from latimer.train.progress import Progress
from latimer.train.schedule import Clock, Schedule
from latimer.train.update import Step, Updater
from latimer.train.validation import DevScores

SKIPS_IN_A_ROW = 10
"""So many updates in a row without a finite loss and gradient end the run."""

NORM = "gradient_norm"
FORESIGHT = "explained_variance"


@dataclass(frozen=True)
class Rhythm:
    """How often things happen, in updates unless a name says otherwise."""

    validate: int
    first_validation: int = 0
    """None before this update but at the start: until then the translator stays as it is."""
    report: int = 10
    save_seconds: float = 300.0
    plateau_patience: int = 2
    """Validations without gain that make a stall."""
    unit: str = "tokens"
    """What the objective's `Loss.weight` counts: tokens or sentences."""


@dataclass(frozen=True)
class Hooks:
    """What the loop has others do."""

    validate: Callable[[], DevScores | None]
    """Scores of the model as it is; None when interrupted. Called in the leading process."""
    validated: Callable[[DevScores], None]
    """Told the scores once they are in `progress`. Called in the leading process."""
    save: Callable[[], None]
    """Save the state. Called in every process."""
    report: Callable[[Report], None]
    """Told what is worth saying. Called in the leading process."""


class Loop:
    """Drives a run from where `progress` says it is to its end."""

    def __init__(
        self,
        progress: Progress,
        epochs: Epochs,
        updater: Updater,
        schedule: Schedule,
        budget: Budget,
        rhythm: Rhythm,
        hooks: Hooks,
        group: Group,
        interruption: Interruption,
    ) -> None:
        self.progress = progress
        self.epochs = epochs
        self.updater = updater
        self.schedule = schedule
        self.budget = budget
        self.rhythm = rhythm
        self.hooks = hooks
        self.group = group
        self.interruption = interruption
        self._began = time.monotonic() - progress.seconds
        self._saved = self._reported = progress.seconds

    def run(self) -> str:
        """Train until the budget is used; returns why that is the end, in words.

        Raises Interrupted, once the state is saved, when a signal asked for it, and LatimerError
        when training has broken down.
        """
        progress = self.progress
        if progress.update == 0:
            self._save()  # from here on the recipe is fixed, and a full disk is known early
        while True:
            if self._validation_due():
                self._validate()
            reason = self.budget.reason(progress)
            if reason is not None:
                self._validate()
                return reason
            self._update()
            if progress.seconds - self._saved >= self.rhythm.save_seconds:
                self._save()

    def _validation_due(self) -> bool:
        update, rhythm = self.progress.update, self.rhythm
        return update % rhythm.validate == 0 and not 0 < update < rhythm.first_validation

    def seconds(self) -> float:
        """Training time by this process's clock, over all continuations."""
        return time.monotonic() - self._began

    def _update(self) -> None:
        progress = self.progress
        batches = self.epochs.batches(progress.epoch)
        self._cool_down(len(batches))
        clock = Clock(progress.update + 1, progress.decays, progress.cooldown)
        rate = self.schedule.rate(clock)
        batch = self.epochs.collate(self.group.share(batches[progress.position]))
        step = self.updater.update(
            batch.to(self.group.device) if batch else None,
            clock.update,
            rate,
            seconds=self.seconds(),
            interrupted=self.interruption.requested,
        )
        self._advance(step, len(batches))
        if progress.update % self.rhythm.report == 0:
            self._report(rate, len(batches))
        if step.interrupted:
            self._stop()

    def _cool_down(self, batches: int) -> None:
        """Begin to cool down if that is due, and save at once: the clock may have chosen when."""
        planned = self.budget.cooldown_due(self.progress, batches)
        if planned is not None:
            self.progress.cooldown = planned
            self._save()

    def _advance(self, step: Step, batches: int) -> None:
        """Count `step`; raises LatimerError when too many in a row had to be skipped."""
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
                    f"training has broken down: {', '.join(step.broken)} not finite in "
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
        foresight = {n: v / step.weight for n, v in step.sums.items() if n == FORESIGHT}
        progress.record_update({**norms, **foresight})

    def _report(self, rate: float, batches: int) -> None:
        """Say the means since the last report."""
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
        left = self.budget.seconds_left(progress, batches)
        if left is not None:
            figures["seconds_left"] = left
        self._reported = progress.seconds
        self._say("update", figures)

    def _validate(self) -> None:
        """Score the model, unless that is done already, and save the state."""
        progress = self.progress
        if progress.validated == progress.update:
            return
        begun = self.seconds()
        scores = self.hooks.validate() if self.group.leads else DevScores(0.0, 0.0)
        known = (scores or DevScores(0.0, 0.0)).numbers()
        interrupted, seconds, *numbers = self.group.from_leader(
            [float(scores is None), self.seconds(), *known]
        )
        progress.seconds = seconds
        if interrupted:
            self._stop()
        progress.validation_seconds = self.group.from_leader([seconds - begun])[0]
        agreed = DevScores.from_numbers(numbers)
        bleu, loss, told = agreed
        progress.record_validation(bleu, loss, self.rhythm.plateau_patience)
        progress.record_figures({"bleu": bleu, **told})
        if self.group.leads:
            self.hooks.validated(agreed)
        figures = {"bleu": bleu, "loss": loss, "perplexity": perplexity(loss)}
        self._say("validation", {**figures, "best_bleu": progress.best_bleu, **told})
        self._reported = seconds
        self._save()

    def _save(self) -> None:
        self.progress.seconds = self.group.from_leader([self.seconds()])[0]
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
    """The exponential of a loss in nats; infinite where that is too large to write."""
    return math.exp(loss) if loss < 700 else math.inf
