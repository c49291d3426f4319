"""`latimer learn` with networks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from latimer.rl.deep import Trained

ALGORITHMS = ("a2c", "ppo", "dqn", "dynamics")
"""Those of `latimer.rl.deep`, whose import would take seconds; a test compares the two."""
LAST = 100
"""The text reports the mean return of so many episodes at the end."""


def run(
    env: str,
    algorithm: str,
    *,
    steps: int,
    runs: int | None,
    seed: int,
    discount: float | None,
    device: str,
    options: Mapping[str, Any],
    settings: Mapping[str, Any],
    picture: Path | None,
    save: Path | None,
    json: bool,
) -> None:
    """Train, draw, save and report; InputError names what cannot be."""
    from latimer.commands.streams import open_output
    from latimer.errors import InputError

    if picture is not None and picture.suffix.lower() != ".png":
        raise InputError(f"--picture {picture}: end the name in .png")
    if save is not None and save.exists():
        raise InputError(f"--save {save}: there is something already; name a new folder")
    chosen = {key: tuple(v) if isinstance(v, list) else v for key, v in options.items()}
    if discount is not None:
        chosen["discount"] = discount
    found = _train(
        env, algorithm, steps, 1 if runs is None else runs, seed, device, chosen, settings
    )
    if picture is not None:
        _draw(picture, f"{env}, {algorithm}", algorithm, found, steps)
    if save is not None:
        found[0].save(save)
    with open_output(None) as out:
        out.write(_json(found) if json else _text(found))


def _train(
    env: str,
    algorithm: str,
    steps: int,
    runs: int,
    seed: int,
    device: str,
    options: Mapping[str, Any],
    settings: Mapping[str, Any],
) -> list[Trained]:
    import torch
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from latimer.rl.deep import train
    from latimer.train.loop.distributed import check_device

    check_device(device)
    torch.set_num_threads(1)  # such small networks only get slower with more
    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn()
    found = []
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        for number in range(runs):
            task = bar.add_task(f"run {number + 1}", total=steps)

            def show(lived: int, mean: float | None, task: Any = task, run: int = number) -> None:
                recent = "" if mean is None else f", return {mean:.4g}"
                text = f"run {run + 1}: {lived:,} steps{recent}"
                bar.update(task, completed=lived, description=text)

            found.append(
                train(
                    env, algorithm, steps=steps, seed=seed + number, device=device,
                    overrides=options, environment_settings=settings, progress=show,
                )
            )  # fmt: skip
    return found


def _draw(path: Path, title: str, name: str, found: list[Trained], steps: int) -> None:
    from latimer.plots.figure import save_figure
    from latimer.plots.training import draw_training

    curves = [(one.ends, one.returns) for one in found]
    save_figure(draw_training({name: curves}, title, steps), path)


def _json(found: list[Trained]) -> str:
    from dataclasses import asdict
    from json import dumps

    shown = {
        "environment": found[0].environment,
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
        name = f"{one.environment}: {one.algorithm}" + (f", run {number}" if len(found) > 1 else "")
        speed = one.steps / one.cpu_seconds
        lines.append(
            f"{name}; {one.steps:,} steps in {one.cpu_seconds:.1f} CPU s ({speed:,.0f} a second)"
        )
        last = one.returns[-LAST:]
        if len(last):
            lines.append(f"mean return of the last {len(last)} episodes: {last.mean():.4g}")
        else:
            lines.append("no episode ended; give it more --steps")
    return "\n".join(lines) + "\n"
