"""The whole quickstart, step by step."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from rich.text import Text

from latimer.engines.registry import load
from latimer.engines.translator import Translation
from latimer.errors import Diverged, LatimerError
from latimer.quickstart import corpus, homeassistant
from latimer.quickstart.corpus import Languages
from latimer.quickstart.improvement import Gain, copy, improve, worth_improving
from latimer.quickstart.outlook import Cut, outlook
from latimer.quickstart.pictures import draw_attention, draw_learning_curve
from latimer.quickstart.progress import TrainingDisplay
from latimer.quickstart.report import Result, Sample, program
from latimer.quickstart.samples import choose_samples
from latimer.quickstart.scores import Scored, score, unaided
from latimer.quickstart.sizing import fitted
from latimer.quickstart.verdict import Evidence, too_few
from latimer.recipe import Recipe, load_recipe
from latimer.search.reading import read_search
from latimer.search.strategies import Search
from latimer.text.corpus.prepare import Prepared
from latimer.text.nearest import TranslationMemory
from latimer.threads import available_cores
from latimer.train.loop.interruption import Interrupted
from latimer.train.loop.log import Report
from latimer.train.run.run import train

SAMPLES = 10


@dataclass(frozen=True)
class Plan:
    """What the user asked for."""

    out: Path
    files: list[Path]
    """Own files; none for Home Assistant."""
    languages: Languages
    minutes: float | None
    """Of training by likelihood, over all sittings; None as long as the recipe says."""
    improve_minutes: float
    """Of learning from reward after it; 0 leaves it out."""
    seed: int
    threads: int | None
    again: list[str]
    """The arguments that ask for the same corpus and folder."""

    @property
    def name(self) -> str:
        """Of the corpus, for titles."""
        what = self.files[0].name if self.files else "Home Assistant"
        return f"{what}, {self.languages.source} to {self.languages.target}"


def carry_out(plan: Plan, console: Console) -> Result:
    """Prepare, train, score and draw, telling `console` what goes on.

    After Ctrl-C the result is of what has been learnt so far; Interrupted is raised when that is
    nothing. Raises LatimerError as reading, training and saving do.
    """
    torch.set_num_threads(1)  # `threads` have one core each
    _say(console, f"Latimer quickstart: {plan.name}", "bold")
    prepared = _prepare(plan, console)
    recipe = _recipe(plan, prepared)
    model, display, interrupted = _train(plan, recipe, console)
    with console.status("translating dev and test …"):
        judge = _Judge(plan, prepared, recipe.search)
        parts = judge.parts(model)
    improved, no_gain = None, None
    if plan.improve_minutes and not interrupted:
        if no_gain := _no_gain(parts):
            _say(console, f"\n{no_gain}", "yellow")
            if longer := _longer(recipe, display.last, plan.improve_minutes):
                _say(console, "Its time goes to training.", "yellow")
                model, display, interrupted = _train(plan, longer, console)
                parts = judge.parts(model)
        else:
            improved = _improve(plan, model, console)
            interrupted = improved.interrupted
    with console.status("translating dev and test …"):
        gain = None
        if improved is not None and improved.model is not None:
            parts, gain = judge.compare(model, parts, improved)
            model = improved.model if gain.kept else model
        samples = _samples(parts)
        translator = judge.translator(model)
        attended = translator([sample.source for sample in samples], attention=True)
        if not interrupted or gain:
            copy(model, plan.out / "models" / "best")
            model = plan.out / "models" / "best"
    pictures = _draw(plan, attended, improved is not None, console)
    test = corpus.text_files(plan.out / "corpus", "test", plan.languages)
    return Result(
        folder=plan.out,
        model=model,
        corpus=plan.name,
        minutes=display.last.seconds / 60 if display.last else 0.0,
        updates=display.last.update if display.last else 0,
        parts=parts,
        samples=samples,
        pictures=pictures,
        test_files=test if prepared.test else None,
        again=plan.again,
        interrupted=interrupted,
        gain=gain,
        no_gain=no_gain,
        evidence=_evidence(parts, len(prepared.train), display.last),
        outlook=None if interrupted else _outlook(plan, recipe, display),
    )


def _longer(recipe: Recipe, last: Report | None, minutes: float) -> Recipe | None:
    """The recipe for so many minutes more than it says; None where training had them before."""
    training, spent = recipe.training, last.seconds / 60 if last else 0.0
    updates, limit = training.max_updates, training.max_minutes
    more_updates = updates is not None and last is not None and last.update > updates
    if more_updates or (limit is not None and spent > limit + minutes / 2):
        return None
    changes = {"max_minutes": spent + minutes, "max_updates": None}
    return recipe.model_copy(update={"training": training.model_copy(update=changes)})


def _outlook(plan: Plan, recipe: Recipe, display: TrainingDisplay) -> str | None:
    """An honest word where time was over before the updates of the recipe were made."""
    planned, last = recipe.training.max_updates, display.last
    if planned is None or last is None or last.update >= planned:
        return None
    command = f"{program()} " + shlex.join(["quickstart", "--minutes", "{minutes}", *plan.again])
    cut = Cut(last.update, planned, last.seconds / 60, display.machine)
    return outlook(cut, command)


def _no_gain(parts: dict[str, Scored]) -> str | None:
    """Why learning from reward is left out, judged on dev; None when it is not."""
    dev = parts.get("dev")
    return worth_improving(dev.bleu, dev.copying) if dev else None


def _evidence(parts: dict[str, Scored], pairs: int, last: Report | None) -> Evidence | None:
    """How good the model is on test, or on dev where there is no test."""
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


@dataclass(frozen=True)
class _Improved:
    """What came of learning from reward."""

    model: Path | None
    minutes: float
    updates: int
    interrupted: Interrupted | None


class _Judge:
    """Translates dev and test with the models of a quickstart, and scores what they write."""

    def __init__(self, plan: Plan, prepared: Prepared, search: Search) -> None:
        self.search = search
        self.threads = plan.threads or available_cores()
        named = (("dev", prepared.dev), ("test", prepared.test))
        memory = TranslationMemory(prepared.train)
        self.unaided = {
            name: unaided(pairs, memory, plan.languages.target) for name, pairs in named if pairs
        }

    def translator(
        self, model: Path, search: Search | None = None
    ) -> Callable[..., list[Translation]]:
        """The model's `translate`, searching as the recipe says unless told otherwise."""
        chosen = self.search if search is None else search
        return partial(load(model, threads=self.threads).translate, search=chosen)

    def parts(self, model: Path, search: Search | None = None) -> dict[str, Scored]:
        """The scores of every part, by its name."""
        translate = self.translator(model, search)
        return {name: score(translate, part) for name, part in self.unaided.items()}

    def compare(
        self, model: Path, parts: dict[str, Scored], improved: _Improved
    ) -> tuple[dict[str, Scored], Gain]:
        """The scores of the better of two models on dev, and what the improved one gained."""
        assert improved.model is not None
        beam = f"beam {self.search.rows}"
        better = self.parts(improved.model)
        one = read_search({"width": 1}, self.search)
        greedy = (self.parts(model, one), self.parts(improved.model, one))
        compared = {
            name: {
                "greedy": greedy[1][name].against(greedy[0][name].translations),
                beam: better[name].against(parts[name].translations),
            }
            for name in self.unaided
        }
        kept = all(compared[name][beam].difference > 0 for name in compared if name == "dev")
        gain = Gain(improved.minutes, improved.updates, compared, kept)
        return (better if kept else parts), gain


def _say(console: Console, text: str, style: str = "") -> None:
    console.print(Text(text, style=style))


def _prepare(plan: Plan, console: Console) -> Prepared:
    """Get the text, clean and split it, show what became of it, write it to the folder."""
    if plan.files:
        _say(console, f"\nText: {', '.join(map(str, plan.files))}", "bold")
        prepared = corpus.read_own(plan.files, plan.languages)
    else:
        prepared = _home_assistant(plan, console)
    console.print(Padding(prepared.report.table(), (1, 0, 0, 2)))
    if few := too_few(len(prepared.train)):
        _say(console, f"\n{few}", "yellow")
    begun = (plan.out / "state").exists()
    corpus.write(prepared, plan.out / "corpus", plan.languages, begun)
    return prepared


def _home_assistant(plan: Plan, console: Console) -> Prepared:
    _say(console, "\nText: the interface strings of Home Assistant, licence Apache-2.0", "bold")
    about = (
        f"The wheel {homeassistant.REQUIREMENT} is downloaded once (67 MB), verified, kept in "
        f"{homeassistant.cache_folder()} and read as a zip; it is never installed."
    )
    console.print(Padding(Text(about, style="dim"), (0, 2)))
    wheel = _fetch(console)
    with console.status("reading, cleaning, splitting …"):
        return corpus.read_home_assistant(wheel, plan.languages)


def _fetch(console: Console) -> Path:
    """The wheel; in a terminal a bar shows how much of it has arrived."""
    text = TextColumn("  {task.description}")
    columns = (text, BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task("getting ready …", total=None)

        def show(so_far: int, total: int | None) -> None:
            what = (
                f"downloading {homeassistant.REQUIREMENT}" if so_far else "asking for the wheel …"
            )
            progress.update(task, completed=so_far, total=total, description=what)

        return homeassistant.fetch(on_progress=show)


def _recipe(plan: Plan, prepared: Prepared) -> Recipe:
    """The quickstart's, fitted to the text; with minutes asked for, as long as these."""
    settings: dict[str, object] = {
        "seed": plan.seed,
        "data.source_language": plan.languages.source,
        "data.target_language": plan.languages.target,
    }
    for part in ("train", "dev"):
        source, target = corpus.text_files(plan.out / "corpus", part, plan.languages)
        settings |= {f"data.{part}.source": str(source), f"data.{part}.target": str(target)}
    if plan.threads:
        settings["training.threads"] = plan.threads
    whole = _loaded(settings).training
    assert whole.max_updates is not None
    settings |= fitted(prepared.train, whole.batch_tokens, whole.max_updates)
    if plan.minutes is not None:
        settings |= {"training.max_minutes": plan.minutes, "training.max_updates": None}
    return _loaded(settings)


def _loaded(settings: dict[str, object]) -> Recipe:
    # JSON is YAML in which nothing in a path can be mistaken for syntax.
    return load_recipe("quickstart", [f"{key}={json.dumps(v)}" for key, v in settings.items()])


def _train(
    plan: Plan, recipe: Recipe, console: Console
) -> tuple[Path, TrainingDisplay, Interrupted | None]:
    """The model to use, the display with the last report, and the interruption if there was one."""
    _say(console, "\nTraining (Ctrl-C stops early and keeps what there is)", "bold")
    minutes = recipe.training.max_minutes
    display = TrainingDisplay(console, None if minutes is None else 60 * minutes)
    command = "latimer quickstart " + " ".join(plan.again)
    try:
        with display:
            return train(recipe, plan.out, on_event=display, command=command), display, None
    except Interrupted as interrupted:
        model = plan.out / "models" / "best"
        if not model.is_dir():
            raise
        _say(console, "  stopped; Ctrl-C again leaves at once", "dim")
        return model, display, interrupted


def _improve(plan: Plan, model: Path, console: Console) -> _Improved:
    """Learn from reward for as long as the plan says, from `model`."""
    time = f"{plan.improve_minutes:g} minutes"
    _say(console, f"\nLearning from the BLEU of its own translations, {time}", "bold")
    display = TrainingDisplay(console, 60 * plan.improve_minutes)
    command = "latimer quickstart " + " ".join(plan.again)
    try:
        with display:
            better, interrupted = improve(
                plan.out, model, minutes=plan.improve_minutes, seed=plan.seed,
                threads=plan.threads, on_event=display, command=command,
            )  # fmt: skip
    except Diverged as diverged:  # no reason to go without what likelihood has learnt
        _say(console, f"  {diverged}", "yellow")
        better, interrupted = diverged.best, None
    if interrupted:
        _say(console, "  stopped; Ctrl-C again leaves at once", "dim")
    last = display.last
    minutes, updates = (last.seconds / 60, last.update) if last else (0.0, 0)
    return _Improved(better, minutes, updates, interrupted)


def _samples(parts: dict[str, Scored]) -> list[Sample]:
    """Sentences of test (of dev, where there is no test) with their translations."""
    scored = parts.get("test") or parts.get("dev")
    if scored is None:
        return []
    translations = dict(zip(scored.pairs, scored.translations, strict=True))
    return [
        Sample(pair.source, pair.target, translations[pair])
        for pair in choose_samples(scored.pairs, SAMPLES)
    ]


def _draw(plan: Plan, attended: list[Translation], improved: bool, console: Console) -> list[Path]:
    """The pictures that could be drawn; of learning from reward too if there was any."""
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
