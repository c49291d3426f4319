"""One phase of a run, or a run without phases: the loop, its reports and its models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from latimer.nn.rl.critic import Critic
from latimer.tensors import weights_of
from latimer.train.loop.clock_log import ClockLog
from latimer.train.loop.interruption import Interrupted, Interruption
from latimer.train.loop.log import Report
from latimer.train.loop.loop import Hooks, Loop, Rhythm, Timing
from latimer.train.loop.machine_share import MachineShare
from latimer.train.loop.stopwatch import Stopwatch
from latimer.train.loop.tuner import Tuner
from latimer.train.loop.update import Updater
from latimer.train.loop.validation import DevScores
from latimer.train.objectives.actor_critic import critic_description
from latimer.train.run.assemble import Parts
from latimer.train.run.final import Extrapolation, Final
from latimer.train.run.publish import scores_of
from latimer.train.run.rhythm import loop_settings


class PhaseRun:
    """Trains the parts of a phase and publishes its models."""

    def __init__(
        self,
        parts: Parts,
        listener: Callable[[Report], None] | None,
        interruption: Interruption,
    ) -> None:
        """`listener` is called with every report in the leading process."""
        self.parts = parts
        self.listener = listener
        self.interruption = interruption
        self.session = parts.session
        self.translates = parts.recipe.model.reads_source
        self.progress = parts.session.progress
        self.stopwatch = Stopwatch(self.progress.seconds)
        self.clock = ClockLog(parts.publisher.run) if parts.session.group.leads else None

    def train(self, rhythm: Rhythm) -> tuple[Path, str | None]:
        """Run the loop to its end and publish; the best model, and why it diverged if it did."""
        for note in self.parts.notes:
            self._say("start", note)
        try:
            used = MachineShare()
            with self.stopwatch:
                loop = self._loop(rhythm)
                self._say("stop", f"training ends: {loop.run()}")
            self._report_machine(used)
            self._warn_critic_only(rhythm)
            return self._publish(), loop.budget.diverged(self.progress)
        finally:
            self._close()

    def _loop(self, rhythm: Rhythm) -> Loop:
        session, recipe = self.session, self.parts.recipe
        updater = Updater(
            session.objective,
            session.optimisers,
            clip=recipe.training.clip,
            workers=self.parts.workers,
            group=session.group,
            factors={"critic": recipe.critic.rate},
        )
        tuner = Tuner(self.parts.modes, lambda message: self._say("choice", message))
        return Loop(
            self.progress,
            self.parts.epochs,
            updater,
            loop_settings(recipe, rhythm),
            Hooks(self._scores, self._validated, self._samples, session.save, self._report),
            self.interruption,
            Timing(self.stopwatch, tuner, self.clock),
        )

    def _close(self) -> None:
        self.parts.workers.close()
        if self.clock is not None:
            self.clock.close()
        if self.session.log is not None:
            self.session.log.close()

    def _scores(self) -> DevScores | None:
        return self.parts.validator.scores(
            self.parts.network, self.parts.workers, lambda: self.interruption.requested
        )

    def _samples(self) -> None:
        """Report translations of a few dev sentences."""
        if samples := self.parts.validator.samples(self.parts.network):
            self._report(Report("samples", *self._position(), samples=samples))

    def _report_machine(self, used: MachineShare) -> None:
        """Report how much of the machine training had since this process began."""
        figures = {"cores": used.cores(), "available_cores": float(used.available)}
        self._report(Report("note", *self._position(), figures, message=str(used)))

    def _warn_critic_only(self, rhythm: Rhythm) -> None:
        """Report that training ended before the translator was changed at all."""
        if 0 < self.progress.update <= rhythm.first_validation:
            self._say(
                "note",
                f"all {self.progress.update} updates trained only the critic; the translator is "
                f"unchanged: set critic.pretraining below {rhythm.first_validation}, or train "
                "longer",
            )

    def _validated(self, scores: DevScores) -> None:
        """Keep the model if it is among the best, and publish it if it is the best."""
        self._samples()
        progress, checkpoints = self.progress, self.session.checkpoints
        progress.candidates = checkpoints.offer(
            progress.candidates,
            scores.bleu,
            progress.update,
            weights_of(self.parts.network),
            scores.loss,
        )
        best = progress.candidates[0]
        if best.update == progress.update:
            scored = scores_of(best, progress, translates=self.translates)
            self.parts.publisher.save("best", self.parts.network, scored)

    def _publish(self) -> Path:
        """Write the final models in the leader; every process gets the folder of the better one."""
        group, publisher = self.session.group, self.parts.publisher
        names = ("", "best", "average")
        better = self._final().publish() if group.leads else None
        (choice,) = group.from_leader([names.index(better.name if better else "")])
        if not choice:
            raise Interrupted("interrupted; the state is saved: run the same command again")
        if group.leads:
            self._publish_critic()
        return publisher.folder / names[int(choice)]

    def _final(self) -> Final:
        initial = self.parts.initial
        return Final(
            self.parts.publisher,
            self.parts.network,
            self.session.checkpoints,
            self.progress,
            self._scores,
            lambda message: self._say("note", message),
            Extrapolation(
                None if initial is None else weights_of(initial),
                self.parts.recipe.training.extrapolation,
            ),
        )

    def _publish_critic(self) -> None:
        """Write the critic if it reads the source, and can be used without references."""
        critic = self.session.objective.modules.get("critic")
        if not isinstance(critic, Critic) or critic.reads != "source":
            return
        described = critic_description(self.parts.recipe)
        folder = self.parts.publisher.save_critic(critic, described)
        self._say("note", f"the critic is kept: {folder}")

    def _position(self) -> tuple[int, int, float]:
        return self.progress.update, self.progress.epoch, self.progress.seconds

    def _say(self, kind: str, message: str) -> None:
        self._report(Report(kind, *self._position(), message=message))

    def _report(self, report: Report) -> None:
        """Write `report`, with updates and seconds of the whole run, and pass it on."""
        progress = self.progress
        report = replace(
            report,
            update=progress.earlier_updates + report.update,
            seconds=progress.earlier_seconds + report.seconds,
            phase=self.parts.name,
        )
        if not self.translates:  # there is no BLEU
            figures = {k: v for k, v in report.figures.items() if not k.endswith("bleu")}
            report = replace(report, figures=figures)
        if self.session.log is not None:
            self.session.log.write(report)
            if self.listener:
                self.listener(report)
