"""A run: a recipe and a folder in, a trained model out.

A recipe with phases is one run with one state and one log. Each phase ends like a run; the next one
starts from its best model and, if both have one, its critic, with new optimisers.

run/recipe.yaml     the recipe, every key written out
run/data/           vocabulary and tokenised texts (`prepare`)
run/state/          the exact training state (`checkpoint.state`)
run/start.safetensors  initial weights of a run that learns from reward or extrapolates; those of
                    later phases are in 2-start.safetensors and so on (`checkpoint.start`)
run/checkpoints/    weights of the best models so far (`checkpoint.averaging`)
run/models/         best, and average if it is no worse: what `latimer translate` reads
run/log.jsonl, run/train.log, run/events/
run/clock.jsonl     decisions that depended on the clock, one line an update (`loop.clock_log`)
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch

from latimer.errors import Diverged, InputError
from latimer.recipe import Recipe
from latimer.train.checkpoint.resume_check import only_one_trains
from latimer.train.loop.allocator import keep_freed_memory
from latimer.train.loop.distributed import Group, join
from latimer.train.loop.interruption import Interruption
from latimer.train.loop.log import Report
from latimer.train.run.assemble import assemble, handover_of
from latimer.train.run.phase import PhaseRun
from latimer.train.run.rhythm import rhythm_of

Listener = Callable[[Report], None]


@dataclass(frozen=True)
class _Options:
    """Arguments of `train` that say nothing about the model."""

    listener: Listener | None
    save_minutes: float
    report_every: int
    command: str


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

    A state in `run` is resumed: on the same machine the resumed run has the losses and weights of
    an uninterrupted one, bit for bit. `on_event` is called with every report (`log.Report`). The
    state is saved after every validation and every `save_minutes`; reports come every
    `report_every` updates; `command` is named in the model's card. Under `torchrun` every process
    calls this function and gets the same result.

    Raises InputError when texts, recipe, device or state are wrong or belong to another run,
    `Interrupted` after SIGINT or SIGTERM, LatimerError when the disk refuses or losses are no
    longer finite, and Diverged, once the best model is published, when learning from reward has
    diverged (`divergence.Limits`). The last state is intact in every case.
    """
    keep_freed_memory()
    group, threads = join(device), torch.get_num_threads()
    torch.set_num_threads(1)  # the workers have one core each
    options = _Options(on_event, save_minutes, report_every, command)
    try:
        _make_folder(run)
        with only_one_trains(run) if group.leads else nullcontext():
            best, diverged = _run_phases(recipe, run, group, options)
        group.wait()  # a process that leaves early takes the others' connections with it
        if diverged is not None:
            raise Diverged(f"the run was stopped: {diverged} [best model: {best}]", best)
        return best
    finally:
        torch.set_num_threads(threads)
        group.leave()


def _run_phases(
    recipe: Recipe, run: Path, group: Group, options: _Options
) -> tuple[Path, str | None]:
    """Run the phases that are left; the best model, and why the run diverged if it did."""
    parts = assemble(recipe, run, group, options.command)
    with Interruption() as interruption:
        while True:
            rhythm = rhythm_of(parts.recipe, options.report_every, options.save_minutes)
            best, diverged = PhaseRun(parts, options.listener, interruption).train(rhythm)
            if parts.last or diverged is not None:
                return best, diverged
            parts = assemble(recipe, run, group, options.command, handover_of(parts, best))
            group.wait()  # until all processes have read the model


def _make_folder(run: Path) -> None:
    try:
        run.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{run}: cannot be the run folder: {error.strerror}") from error
