"""A run: a recipe and a folder in, a trained model out.

A recipe with phases is one run with one state and one log. A phase ends like a run; the next begins
with its best model, its critic if there is one, and optimisers of its own.

run/recipe.yaml     the recipe, every key written out
run/data/           vocabulary and tokenised texts (`prepare`)
run/state/          the exact training state (`state`)
run/start.safetensors  of a run that learns from reward, the weights it began with, of later phases
                    2-start.safetensors and so on (`start`)
run/checkpoints/    weights of the best models so far (`averaging`)
run/models/         best, and average if that is no worse: what `latimer translate` reads
run/events/, run/log.jsonl, run/train.log
run/clock.jsonl     what the clock decided at each update (`clock_log`)
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import torch

from latimer.errors import Diverged, InputError
from latimer.nn.rl.critic import Critic
from latimer.recipe import Recipe
from latimer.tensors import weights_of
from latimer.train.checkpoint.resume_check import only_one_trains
from latimer.train.loop.allocator import keep_freed_memory
from latimer.train.loop.budget import Budget
from latimer.train.loop.clock_log import ClockLog
from latimer.train.loop.distributed import join
from latimer.train.loop.divergence import Limits
from latimer.train.loop.interruption import Interrupted, Interruption
from latimer.train.loop.log import Report
from latimer.train.loop.loop import Hooks, Loop, Rhythm, Timing
from latimer.train.loop.machine_share import MachineShare
from latimer.train.loop.schedule import Schedule
from latimer.train.loop.stopwatch import Stopwatch
from latimer.train.loop.tuner import Tuner
from latimer.train.loop.update import Updater
from latimer.train.loop.validation import DevScores
from latimer.train.objectives.actor_critic import critic_description
from latimer.train.run.assemble import Parts, assemble, what_is_left
from latimer.train.run.publish import Extrapolation, publish_final, scores_of

NEVER = 2**62
"""More updates than there will be."""

Listener = Callable[[Report], None]


def train(
    recipe: Recipe,
    run: Path,
    *,
    device: str = "cpu",
    on_event: Listener | None = None,
    save_minutes: float = 5.0,
    report_every: int = 10,
    command: str = "latimer train",
) -> Path:
    """Train as `recipe` says in the folder `run`; returns the folder of the best model.

    Where `run` holds a state, that run goes on as if it had never stopped, loss by loss and bit
    by bit, on the same machine. `on_event` is told every report (`log.Report`). The state is
    saved after every validation and every `save_minutes`; reports come every `report_every`
    updates; `command` stands in the model's card. Under `torchrun` every process calls this and
    gets the same answer.

    Raises InputError when texts, recipe, device or state are wrong or belong to another run,
    `Interrupted` after SIGINT or SIGTERM, LatimerError when the disk refuses, training breaks
    down or learning from reward diverges (`divergence.Limits`; the best model is then published
    all the same); whatever is raised, the last state is intact.
    """
    keep_freed_memory()
    group, threads = join(device), torch.get_num_threads()
    torch.set_num_threads(1)  # the workers have one core each
    try:
        _make_folder(run)
        with only_one_trains(run) if group.leads else nullcontext():
            parts = assemble(recipe, run, group, command)
            with Interruption() as interruption:
                while True:
                    rhythm = _rhythm(parts.recipe, report_every, save_minutes)
                    best, diverged = _Run(parts, on_event, interruption).train(rhythm)
                    if parts.last or diverged is not None:
                        break
                    parts = assemble(recipe, run, group, command, what_is_left(parts, best))
                    group.wait()  # until all have read the model
        group.wait()  # a process that leaves early takes the others' connections with it
        if diverged is not None:
            raise Diverged(f"the run was given up: {diverged} [best model: {best}]", best)
        return best
    finally:
        torch.set_num_threads(threads)
        group.leave()


def _rhythm(recipe: Recipe, report_every: int, save_minutes: float) -> Rhythm:
    training, objective = recipe.training, recipe.objective
    return Rhythm(
        # The translator stays as it is while the critic learns alone: its score is known.
        training.validate_every if objective.trains_translator else NEVER,
        _critic_updates(recipe),
        report_every,
        60 * save_minutes,
        training.plateau_patience,
        objective.loss_unit,
    )


def _critic_updates(recipe: Recipe) -> int:
    """First updates after which the translator is still what it was."""
    both = recipe.objective.has_critic and recipe.objective.trains_translator
    return recipe.critic.pretraining if both else 0


class _Run:
    """The parts of a run, or of a phase of it, connected."""

    def __init__(self, parts: Parts, listener: Listener | None, asked: Interruption) -> None:
        self.parts = parts
        self.listener = listener
        self.asked = asked
        self.session = parts.session
        self.kind = parts.recipe.model.kind
        self.progress = parts.session.progress
        self.stopwatch = Stopwatch(self.progress.seconds)
        self.clock = ClockLog(parts.publisher.run) if parts.session.group.leads else None

    def train(self, rhythm: Rhythm) -> tuple[Path, str | None]:
        """Run the loop to its end and publish; the best model, and what went wrong if it did."""
        for note in self.parts.notes:
            self._say("start", note)
        try:
            used = MachineShare()
            with self.stopwatch:
                loop = self._loop(rhythm)
                self._say("stop", f"training ends: {loop.run()}")
            self._tell(used)
            if 0 < self.progress.update <= rhythm.first_validation:
                self._say(
                    "note",
                    f"all {self.progress.update} updates were the critic's, and the translator is "
                    f"what it was: set critic.pretraining below {rhythm.first_validation}, or give "
                    "it more time",
                )
            return self._publish(), loop.budget.diverged(self.progress)
        finally:
            self.parts.workers.close()
            if self.clock is not None:
                self.clock.close()
            if self.session.log is not None:
                self.session.log.close()

    def _loop(self, rhythm: Rhythm) -> Loop:
        session, recipe = self.session, self.parts.recipe.training
        objective = self.parts.recipe.objective
        updater = Updater(
            session.objective,
            session.optimisers,
            clip=recipe.clip,
            workers=self.parts.workers,
            group=session.group,
            factors={"critic": self.parts.recipe.critic.rate},
        )
        return Loop(
            self.progress,
            self.parts.epochs,
            updater,
            Schedule(
                recipe.learning_rate, recipe.schedule, recipe.warmup, recipe.decay, recipe.cooldown
            ),
            Budget(
                None if recipe.max_minutes is None else 60 * recipe.max_minutes,
                recipe.max_epochs,
                recipe.max_updates,
                recipe.patience if objective.trains_translator else None,
                self._limits(),
            ),
            rhythm,
            Hooks(self._scores, self._validated, self._look, session.save, self._report),
            session.group,
            self.asked,
            Timing(self.stopwatch, Tuner(self.parts.modes, self._chosen), self.clock),
        )

    def _limits(self) -> Limits | None:
        """Those of a translator that learns from reward."""
        recipe = self.parts.recipe
        if not recipe.objective.needs_start or not recipe.objective.trains_translator:
            return None
        return Limits(pretraining=_critic_updates(recipe))

    def _scores(self) -> DevScores | None:
        return self.parts.validator.scores(
            self.parts.network, self.parts.workers, lambda: self.asked.requested
        )

    def _look(self) -> None:
        """Show what the network makes of a few sentences of dev."""
        network, progress = self.parts.network, self.progress
        if samples := self.parts.validator.samples(network):
            place = progress.update, progress.epoch, progress.seconds
            self._report(Report("samples", *place, samples=samples))

    def _tell(self, used: MachineShare) -> None:
        """Say how much of the machine training had in this sitting."""
        place = self.progress.update, self.progress.epoch, self.progress.seconds
        figures = {"cores": used.cores(), "available_cores": float(used.available)}
        self._report(Report("note", *place, figures, message=str(used)))

    def _chosen(self, message: str) -> None:
        """Of threads and precision."""
        self._say("choice", message)

    def _validated(self, scores: DevScores) -> None:
        """Keep the model if it is among the best, and publish it if it is the best."""
        self._look()
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
            self.parts.publisher.save(
                "best", self.parts.network, scores_of(best, progress, self.kind)
            )

    def _publish(self) -> Path:
        """Write the final models, in the leader; every process learns which is the better."""
        group, publisher = self.session.group, self.parts.publisher
        names = ("", "best", "average")
        better, begun = None, self.parts.begun
        if group.leads:
            better = publish_final(
                publisher,
                self.parts.network,
                self.session.checkpoints,
                self.progress,
                self._scores,
                lambda message: self._say("note", message),
                Extrapolation(
                    None if begun is None else weights_of(begun),
                    self.parts.recipe.training.extrapolation,
                ),
            )
        (choice,) = group.from_leader([names.index(better.name if better else "")])
        if not choice:
            raise Interrupted("interrupted; the state is saved: run the same command again")
        if group.leads:
            self._publish_critic()
        return publisher.folder / names[int(choice)]

    def _publish_critic(self) -> None:
        """Keep a critic that search can use: one that reads the source."""
        critic = self.session.objective.modules.get("critic")
        if not isinstance(critic, Critic) or critic.reads != "source":
            return
        described = critic_description(self.parts.recipe).model_dump(mode="json")
        folder = self.parts.publisher.save_critic(critic, described)
        self._say("note", f"the critic is kept: translate with --critic {folder}")

    def _say(self, kind: str, message: str) -> None:
        progress = self.progress
        self._report(
            Report(kind, progress.update, progress.epoch, progress.seconds, message=message)
        )

    def _report(self, report: Report) -> None:
        progress = self.progress
        report = replace(
            report,
            update=progress.earlier_updates + report.update,
            seconds=progress.earlier_seconds + report.seconds,
            phase=self.parts.name,
        )
        if self.kind == "language_model":  # there is no BLEU
            figures = {k: v for k, v in report.figures.items() if not k.endswith("bleu")}
            report = replace(report, figures=figures)
        if self.session.log is not None:
            self.session.log.write(report)
            if self.listener:
                self.listener(report)


def _make_folder(run: Path) -> None:
    try:
        run.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{run}: cannot be the run folder: {error.strerror}") from error
