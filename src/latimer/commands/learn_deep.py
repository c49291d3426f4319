"""`latimer learn` with networks."""

from __future__ import annotations

from dataclasses import asdict
from json import dumps
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from latimer.commands.learn_request import Request
from latimer.commands.streams import open_output
from latimer.errors import InputError
from latimer.plots.figure import save_figure
from latimer.plots.training import draw_training
from latimer.rl.deep import Trained, train
from latimer.rl.deep.ranges import settings_of
from latimer.rl.deep.settings import Training
from latimer.train.loop.distributed import check_device

LAST = 100
"""The text reports the mean return of so many episodes at the end."""


def run(request: Request) -> None:
    """Train, draw, save and report; InputError names what cannot be."""
    picture, save = request.picture, request.save
    if picture is not None and picture.suffix.lower() != ".png":
        raise InputError(f"--picture {picture}: end the name in .png; networks have no animation")
    if save is not None and save.exists():
        raise InputError(f"--save {save}: there is something already; name a new folder")
    options = dict(request.options)
    runs, settings = options.pop("runs", 1), dict(options.pop("options", {}))
    if "discount" in options:
        settings["discount"] = options.pop("discount")
    settings_of(request.algorithm, settings)  # refused before a bar is shown
    found = _train(request, runs, settings, Training(**options))
    if picture is not None:
        _draw(picture, request, found)
    if save is not None:
        found[0].save(save)
    with open_output(None) as out:
        out.write(_json(found) if request.json else _text(found))


def _train(
    request: Request, runs: int, settings: dict[str, Any], training: Training
) -> list[Trained]:
    """A training for each seed, with a bar on stderr at a terminal."""
    check_device(training.device)
    torch.set_num_threads(1)  # such small networks only get slower with more
    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn()
    found = []
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        for number in range(runs):
            task = bar.add_task(f"run {number + 1}", total=training.steps)

            def show(steps: int, mean: float | None, task: Any = task, run: int = number) -> None:
                recent = "" if mean is None else f", return {mean:.4g}"
                text = f"run {run + 1}: {steps:,} steps{recent}"
                bar.update(task, completed=steps, description=text)

            how = asdict(training) | {"seed": training.seed + number}
            found.append(
                train(
                    request.environment, request.algorithm, settings=settings, progress=show, **how
                )
            )
    return found


def _draw(path: Path, request: Request, found: list[Trained]) -> None:
    curves = [(one.ends, one.returns) for one in found]
    title = f"{request.environment.name}, {request.algorithm}"
    save_figure(draw_training({request.algorithm: curves}, title, found[0].steps), path)


def _json(found: list[Trained]) -> str:
    shown = {
        "environment": found[0].environment.name,
        "algorithm": found[0].algorithm,
        "settings": asdict(found[0].settings),
        "steps": [one.steps for one in found],
        "cpu_seconds": [one.cpu_seconds for one in found],
        "returns": [one.returns.tolist() for one in found],
        "ends": [one.ends.tolist() for one in found],
    }
    return dumps(shown, ensure_ascii=False, indent=2) + "\n"


def _text(found: list[Trained]) -> str:
    lines = []
    for number, one in enumerate(found, 1):
        name = f"{one.environment.name}: {one.algorithm}"
        name += f", run {number}" if len(found) > 1 else ""
        speed = one.steps / one.cpu_seconds
        lines.append(
            f"{name}; {one.steps:,} steps in {one.cpu_seconds:.1f} CPU s ({speed:,.0f} a second)"
        )
        last = one.returns[-LAST:]
        if len(last):
            lines.append(f"mean return of the last {len(last)} episodes: {last.mean():.4g}")
        else:
            lines.append("no episode ended; raise --steps or lower --limit")
    return "\n".join(lines) + "\n"
