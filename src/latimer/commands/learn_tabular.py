"""`latimer learn` with a table of action values."""

from __future__ import annotations

import sys
from json import dumps
from typing import Any

from rich.console import Console
from rich.progress import Progress

from latimer.commands.learn_request import Request
from latimer.commands.streams import open_output
from latimer.commands.world_pictures import check_picture, draw_learned
from latimer.errors import InputError
from latimer.rl.deep.settings import SETTINGS
from latimer.rl.grid.grid_world import GridWorld
from latimer.rl.grid.picture import picture
from latimer.rl.mdp.saved import check_name
from latimer.rl.tabular import Learned, Listeners
from latimer.rl.tabular import learn as learn_table
from latimer.rl.tabular.learn import runs_and_settings

LAST = 100
"""The text reports the mean return of so many episodes at the start and at the end."""
RUNS = 10


def run(request: Request) -> None:
    """Learn, draw, save and report; InputError names what cannot be."""
    place, options = request.environment, {"runs": RUNS} | request.options
    if request.save is not None:
        check_name(request.save)
    if request.picture is not None:
        check_picture(request.picture, place.layout, place.name, curve=True)
    discount = place.discount(options.pop("discount", None))
    found, history = _learn(request, discount, options)
    if request.picture is not None:
        title = f"{place.name}, {request.algorithm}"
        draw_learned(request.picture, place.layout, title, found, history)
    if request.save is not None:
        found.save(request.save, discount=discount, **_facts(request, options))
    with open_output(None) as out:
        out.write((_json if request.json else _text)(request, discount, found))


def _learn(
    request: Request, discount: float, options: dict[str, Any]
) -> tuple[Learned, list[tuple[int, Any]]]:
    """What was learned, and (episodes, q) of the first run on the way."""
    runs, _ = runs_and_settings(request.algorithm, options)
    history: list[tuple[int, Any]] = []

    def watch(run: int, episodes: int, q: Any) -> None:
        if run == 0:
            history.append((episodes, q))

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("episodes", total=runs.episodes * runs.runs)
        listeners = Listeners(lambda episodes: bar.advance(task, episodes), watch)
        try:
            found = learn_table(
                request.environment.world, request.algorithm, discount=discount,
                listeners=listeners, **options,
            )  # fmt: skip
        except InputError as error:
            hint = ""
            if "finitely many" in str(error):
                hint = f"; for environments like this: --algorithm {', '.join(SETTINGS)}"
            raise InputError(f"{request.environment.name}: {error}{hint}") from error
    return found, history


def _facts(request: Request, options: dict[str, Any]) -> dict[str, Any]:
    """What `latimer play` needs beside the table."""
    runs, settings = runs_and_settings(request.algorithm, options)
    epsilon = settings.epsilon[1] if isinstance(settings.epsilon, tuple) else settings.epsilon
    place = request.environment.to_json()
    return {"environment": place, "seed": runs.seed, "limit": runs.limit, "epsilon": epsilon}


def _json(request: Request, discount: float, found: Learned) -> str:
    shown = {
        "environment": request.environment.name,
        "algorithm": found.algorithm,
        "discount": discount,
        "runs": len(found.returns),
        "steps": found.steps,
        "seconds": found.seconds,
        "last_mean_return": float(found.returns[:, -LAST:].mean()),
        "mean_returns": found.returns.mean(axis=0).tolist(),
        "mean_lengths": found.lengths.mean(axis=0).tolist(),
        "q": found.q[0].tolist(),
        "policy": found.policy().tolist(),
    }
    return dumps(shown, ensure_ascii=False, indent=2) + "\n"


def _text(request: Request, discount: float, found: Learned) -> str:
    """The returns at the start and at the end, and a grid's values of the first run."""
    runs, episodes = found.returns.shape
    text = (
        f"{request.environment.name}: {found.algorithm}, discount {discount:g}, {runs} runs of "
        f"{episodes:,} episodes; {found.steps:,} steps in {found.seconds:.2f} s\n"
    )
    for name, part in (("first", found.returns[:, :LAST]), ("last", found.returns[:, -LAST:])):
        each = part.mean(axis=1)
        error = f" ± {each.std(ddof=1) / runs**0.5:.2g}" if runs > 1 else ""
        text += f"mean return of the {name} {part.shape[1]} episodes: {each.mean():.4g}{error}\n"
    world = request.environment.world
    if not isinstance(world, GridWorld):
        return text
    drawn = picture(world, found.q[0].max(axis=1), found.policy(), colour=sys.stdout.isatty())
    return f"{text}\ngreatest action values and greedy policy of the first run:\n{drawn}"
