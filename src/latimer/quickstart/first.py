"""The first translator of a quickstart: phrases, which are counted in seconds."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from latimer.engines.phrases.training import warm_up
from latimer.errors import LatimerError
from latimer.extras import require
from latimer.files import read_lines, write_atomically
from latimer.quickstart import corpus
from latimer.quickstart.judge import Judge
from latimer.quickstart.plan import Plan
from latimer.quickstart.samples import choose_samples
from latimer.quickstart.scores import Scored
from latimer.recipe import load_any_recipe
from latimer.recipe.phrases import PhrasesRecipe

RECIPE = "koehn2003"
WORDS = 2_000_000
"""Words of the source that phrases are counted in; of more text every second pair, or third, …"""
SAMPLES = 3


@dataclass(frozen=True)
class First:
    """The phrase-based translator and its scores, by part."""

    model: Path
    parts: dict[str, Scored]


class Preparation:
    """Compiles the statistical engine beside other work, until it is needed."""

    def __init__(self) -> None:
        self.possible = _installed()
        self._processes = warm_up.start() if self.possible else []

    def wait(self) -> None:
        """Until all is compiled."""
        for process in self._processes:
            process.wait()

    def __enter__(self) -> Preparation:
        """A context that ends with the processes."""
        return self

    def __exit__(self, *error: object) -> None:
        for process in self._processes:
            if process.poll() is None:
                process.kill()
                process.wait()


def first_translator(
    plan: Plan, judge: Judge, preparation: Preparation, console: Console, began: float
) -> First | None:
    """Train, show and score it; None without the extra `statistical`.

    `began` is when the text had been read, by `time.monotonic`. Raises LatimerError as training
    does.
    """
    if not preparation.possible:
        about = (
            "With latimer[statistical] there is a first translator, of phrases, within a minute."
        )
        console.print(Text(f"\n{about}", style="dim"))
        return None
    console.print(Text("\nA first translator, of phrases", style="bold"))
    with console.status("compiling, once on this machine …"):
        preparation.wait()
    from latimer.engines.phrases.training.run import train

    run = plan.out / "phrases"
    watch = _Watch(run, judge, console, began)
    with console.status("counting words and phrases …"):
        model = train(_recipe(plan), run, on_event=watch, command=plan.command)
        parts = judge.parts(model)
    if watch.tuned:
        console.print(Text(f"  {scores_line(parts)}"), soft_wrap=True)
    return First(model, parts)


class _Watch:
    """Shows a translator as soon as there is one, and how it became better."""

    def __init__(self, run: Path, judge: Judge, console: Console, began: float) -> None:
        self._run, self._judge, self._console, self._began = run, judge, console, began
        self.tuned = False

    def __call__(self, report: dict[str, Any]) -> None:
        """Called with every line of the run's log."""
        if report["event"] == "learnt":
            parts = self._judge.parts(self._run / "state" / "untuned")
            seconds = time.monotonic() - self._began
            line = f"{scores_line(parts)}; {seconds:.0f} s after the text was read"
            self._console.print(Text(f"  {line}", style="green"), soft_wrap=True)
            show_samples(parts, self._console)
            self._console.print(Text("  now its weights are tuned …", style="dim"))
        elif report["event"] == "tuned":
            self.tuned = True
            self._console.print(Text(f"  {report['message']}"), soft_wrap=True)


def scores_line(parts: dict[str, Scored]) -> str:
    """BLEU of a translator on every part, beside copying and the nearest sentence."""
    told = [
        f"BLEU {one.bleu:.1f} on {name} (copying {one.copying:.1f}, nearest sentence "
        f"{one.unaided.memory['bleu'].value:.1f})"
        for name, one in parts.items()
    ]
    return ", ".join(told) or "no text was left to score it on"


def show_samples(parts: dict[str, Scored], console: Console) -> None:
    """Some sentences that were not seen in training, with their translations."""
    scored = parts.get("test") or parts.get("dev")
    if scored is None:
        return
    written = dict(zip(scored.pairs, scored.translations, strict=True))
    for pair in choose_samples(scored.pairs, SAMPLES):
        line = Text.assemble((pair.source, "dim"), "  →  ", (written[pair], "green"))
        console.print(Padding(line, (0, 0, 0, 4)))


def _recipe(plan: Plan) -> PhrasesRecipe:
    train, dev = (
        corpus.text_files(plan.out / "corpus", part, plan.languages) for part in ("train", "dev")
    )
    settings: dict[str, object] = {
        "seed": plan.seed,
        "data.source_language": plan.languages.source,
        "data.target_language": plan.languages.target,
    }
    for part, files in (("train", _sampled(plan, train)), ("dev", dev)):
        settings |= {f"data.{part}.source": str(files[0]), f"data.{part}.target": str(files[1])}
    # JSON is YAML in which no part of a path can be mistaken for syntax.
    recipe = load_any_recipe(RECIPE, [f"{key}={json.dumps(v)}" for key, v in settings.items()])
    assert isinstance(recipe, PhrasesRecipe)
    return recipe


def _sampled(plan: Plan, files: tuple[Path, Path]) -> tuple[Path, Path]:
    """The training text, or where it is large a part of it in files of its own."""
    step = sum(len(line.split()) for line in read_lines(files[0])) // WORDS + 1
    if step == 1:
        return files
    written = []
    for file in files:
        part = plan.out / "phrases" / "text" / file.name
        write_atomically(part, partial(_write, lines=_every(file, step)))
        written.append(part)
    return written[0], written[1]


def _every(file: Path, step: int) -> Iterable[str]:
    return (line for number, line in enumerate(read_lines(file)) if number % step == 0)


def _write(path: Path, lines: Iterable[str]) -> None:
    with path.open("w", encoding="utf-8") as out:
        out.writelines(line + "\n" for line in lines)


def _installed() -> bool:
    try:
        require("numba", "statistical", "quickstart")
    except LatimerError:
        return False
    return True
