"""The whole quickstart, step by step."""

from __future__ import annotations

import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.console import Console
from rich.text import Text

from latimer.engines.translator import Translation
from latimer.errors import Diverged, LatimerError
from latimer.quickstart import corpus
from latimer.quickstart.combination import combined
from latimer.quickstart.first import Preparation, first_translator
from latimer.quickstart.fit import longer_recipe, recipe_for
from latimer.quickstart.improvement import Gain, improve, worth_improving
from latimer.quickstart.judge import Improved, Judge
from latimer.quickstart.offer import Candidate, best_of, keep, restore_network
from latimer.quickstart.outlook import Cut, outlook
from latimer.quickstart.pictures import draw_attention, draw_learning_curve
from latimer.quickstart.plan import Plan
from latimer.quickstart.progress import TrainingDisplay
from latimer.quickstart.report import Result, Sample, program
from latimer.quickstart.samples import choose_samples
from latimer.quickstart.scores import Scored
from latimer.quickstart.text import prepare_text
from latimer.quickstart.verdict import Evidence
from latimer.recipe import Recipe
from latimer.train.loop.interruption import Interrupted
from latimer.train.loop.log import Report
from latimer.train.run.run import train

SAMPLES = 10
"""Test sentences shown with their translations."""


@dataclass(frozen=True)
class _Trained:
    """A model, the display with the last report, and the interruption if there was one."""

    model: Path
    display: TrainingDisplay
    interrupted: Interrupted | None


@dataclass(frozen=True)
class _Chosen:
    """The model to offer with its scores, and what learning from reward did."""

    trained: _Trained
    model: Path
    parts: dict[str, Scored]
    interrupted: Interrupted | None
    improved: bool = False
    gain: Gain | None = None
    no_gain: str | None = None


def carry_out(plan: Plan, console: Console) -> Result:
    """Prepare, train, score and draw; progress is printed on `console`.

    After Ctrl-C the result describes the model trained so far; without one Interrupted is raised.
    Raises LatimerError as reading, training and saving do.
    """
    torch.set_num_threads(1)  # the workers have one core each
    _say(console, f"Latimer quickstart: {plan.name}", "bold")
    restore_network(plan.out)
    with Preparation() as preparation:
        prepared = prepare_text(plan, console)
        began = time.monotonic()
        recipe = recipe_for(plan, prepared)
        judge = Judge(plan, prepared, recipe.search)
        first = first_translator(plan, judge, preparation, console, began)
    trained = _train(plan, recipe, console)
    with console.status("translating dev and test …"):
        parts = judge.parts(trained.model)
    chosen = _Chosen(trained, trained.model, parts, trained.interrupted)
    if plan.improve_minutes and not trained.interrupted:
        chosen = _improved(plan, recipe, chosen, judge, console)
    candidates = [Candidate("network", chosen.model, chosen.parts)]
    if first is not None:
        candidates.append(Candidate("phrases", first.model, first.parts))
        if not chosen.interrupted:
            candidates += combined(plan, chosen.model, first.model, judge, console)
    offered = best_of(candidates)
    with console.status("translating dev and test …"):
        samples = _samples(offered.parts)
        attended = judge.translator(chosen.model)(
            [sample.source for sample in samples], attention=True
        )
        model = _kept(plan, chosen, offered)
    last = chosen.trained.display.last
    test = corpus.text_files(plan.out / "corpus", "test", plan.languages)
    return Result(
        folder=plan.out,
        model=model,
        corpus=plan.name,
        minutes=last.seconds / 60 if last else 0.0,
        updates=last.update if last else 0,
        parts=offered.parts,
        candidates=candidates,
        samples=samples,
        pictures=_draw(plan, attended, chosen.improved, console),
        test_files=test if prepared.test else None,
        again=plan.again,
        interrupted=chosen.interrupted,
        gain=chosen.gain,
        no_gain=chosen.no_gain,
        evidence=_evidence(offered.parts, len(prepared.train), last),
        outlook=None if chosen.interrupted else _outlook(plan, recipe, chosen.trained.display),
    )


def _improved(
    plan: Plan, recipe: Recipe, chosen: _Chosen, judge: Judge, console: Console
) -> _Chosen:
    """Learn from reward, or train for longer where reward would not help."""
    trained, parts = chosen.trained, chosen.parts
    if no_gain := _no_gain(parts):
        _say(console, f"\n{no_gain}", "yellow")
        if longer := longer_recipe(recipe, trained.display.last, plan.improve_minutes):
            _say(console, "Its time goes to training.", "yellow")
            trained = _train(plan, longer, console)
            parts = judge.parts(trained.model)
        return _Chosen(trained, trained.model, parts, trained.interrupted, no_gain=no_gain)
    improved, model, gain = _improve(plan, chosen.model, console), chosen.model, None
    if improved.model is not None:
        with console.status("translating dev and test …"):
            parts, gain = judge.compare(model, parts, improved)
        model = improved.model if gain.kept else model
    return _Chosen(trained, model, parts, improved.interrupted, improved=True, gain=gain)


def _kept(plan: Plan, chosen: _Chosen, offered: Candidate) -> Path:
    """The folder of the model to offer, copied to `models/best` unless training was interrupted."""
    if chosen.interrupted and not chosen.gain:
        return offered.model
    return keep(plan.out, chosen.model, offered)


def _outlook(plan: Plan, recipe: Recipe, display: TrainingDisplay) -> str | None:
    """What more training would bring, if time ended it before the updates of the recipe."""
    planned, last = recipe.training.max_updates, display.last
    if planned is None or last is None or last.update >= planned:
        return None
    command = f"{program()} " + shlex.join(["quickstart", "--minutes", "{minutes}", *plan.again])
    cut = Cut(last.update, planned, last.seconds / 60, display.machine)
    return outlook(cut, command)


def _no_gain(parts: dict[str, Scored]) -> str | None:
    """Why learning from reward is left out, from the scores on dev; None if it is not."""
    dev = parts.get("dev")
    return worth_improving(dev.bleu, dev.copying) if dev else None


def _evidence(parts: dict[str, Scored], pairs: int, last: Report | None) -> Evidence | None:
    """The scores on test, or on dev without a test set; None without both."""
    scored = parts.get("test") or parts.get("dev")
    if scored is None:
        return None
    return Evidence(
        copying=scored.against(scored.unaided.sources),
        memory=scored.against(scored.unaided.recalled),
        unseen="test" in parts,
        pairs=pairs,
        updates=last.update if last else 0,
        minutes=last.seconds / 60 if last else 0.0,
    )


def _say(console: Console, text: str, style: str = "") -> None:
    console.print(Text(text, style=style))


def _train(plan: Plan, recipe: Recipe, console: Console) -> _Trained:
    """Train by likelihood; raises Interrupted when there is no model yet."""
    _say(console, "\nTraining (Ctrl-C stops early and keeps the best model so far)", "bold")
    minutes = recipe.training.max_minutes
    display = TrainingDisplay(console, None if minutes is None else 60 * minutes)
    try:
        with display:
            model = train(recipe, plan.out, on_event=display, command=plan.command)
            return _Trained(model, display, None)
    except Interrupted as interrupted:
        model = plan.out / "models" / "best"
        if not model.is_dir():
            raise
        _say(console, "  stopped; Ctrl-C again exits at once", "dim")
        return _Trained(model, display, interrupted)


def _improve(plan: Plan, model: Path, console: Console) -> Improved:
    """Learn from reward, starting from `model`, for the minutes of the plan."""
    time = f"{plan.improve_minutes:g} minutes"
    _say(console, f"\nLearning from the BLEU of its own translations, {time}", "bold")
    display = TrainingDisplay(console, 60 * plan.improve_minutes)
    try:
        with display:
            better, interrupted = improve(
                plan.out, model, minutes=plan.improve_minutes, seed=plan.seed,
                threads=plan.threads, on_event=display, command=plan.command,
            )  # fmt: skip
    except Diverged as diverged:  # the model trained by likelihood is still there
        _say(console, f"  {diverged}", "yellow")
        better, interrupted = diverged.best, None
    if interrupted:
        _say(console, "  stopped; Ctrl-C again exits at once", "dim")
    last = display.last
    minutes, updates = (last.seconds / 60, last.update) if last else (0.0, 0)
    return Improved(better, minutes, updates, interrupted)


def _samples(parts: dict[str, Scored]) -> list[Sample]:
    """Sentences of test, or of dev without a test set, with their translations."""
    scored = parts.get("test") or parts.get("dev")
    if scored is None:
        return []
    translations = dict(zip(scored.pairs, scored.translations, strict=True))
    return [
        Sample(pair.source, pair.target, translations[pair])
        for pair in choose_samples(scored.pairs, SAMPLES)
    ]


def _draw(
    plan: Plan, attended: Sequence[Translation], improved: bool, console: Console
) -> list[Path]:
    """Draw the pictures; returns those that could be drawn."""
    curve, attention = plan.out / "learning_curve.png", plan.out / "attention.png"
    drawn = []
    try:
        further = plan.out / "improved" / "log.jsonl" if improved else None
        draw_learning_curve(plan.out / "log.jsonl", further, curve, plan.name)
        drawn.append(curve)
        if draw_attention(attended, attention):
            drawn.append(attention)
    except LatimerError as error:
        _say(console, f"  no picture: {error}", "yellow")
    return drawn
