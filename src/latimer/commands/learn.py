"""`latimer learn`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from latimer.rl import GridWorld
    from latimer.rl.tabular import Learned

LAST = 100
"""The text reports the mean return of so many episodes at the end."""


def learn(
    env: Annotated[
        str,
        typer.Argument(
            metavar="ENV", help="Gymnasium id, grid-world file or textbook world (e.g. cliff)."
        ),
    ],
    algorithm: Annotated[
        str, typer.Option(help="q-learning, sarsa, expected-sarsa or double-q.")
    ] = "q-learning",
    episodes: Annotated[int, typer.Option(min=1, help="Episodes of a run.")] = 500,
    alpha: Annotated[
        str, typer.Option(help="Step size, or FIRST:LAST with a line between the episodes.")
    ] = "0.5",
    epsilon: Annotated[
        str, typer.Option(help="Probability of a random action; also FIRST:LAST.")
    ] = "0.1",
    discount: Annotated[
        float | None, typer.Option(help="From 0 to 1.  [default: the grid world's own, or 0.99]")
    ] = None,
    initial: Annotated[float, typer.Option(help="Value of every action before learning.")] = 0.0,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Steps of an episode.  [default: the environment's]")
    ] = None,
    runs: Annotated[int, typer.Option(min=1, help="Independent runs, for the mean.")] = 10,
    seed: Annotated[int, typer.Option(min=0, help="Of every random choice.")] = 1,
    threads: Annotated[int, typer.Option(min=1, max=1024, help="Runs at a time.")] = 1,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Keyword of the Gymnasium environment."),
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the learning curve as PNG.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Learn to act in an environment from experience, with a table of action values."""
    from latimer.commands.plan import read_settings
    from latimer.commands.streams import open_output
    from latimer.errors import InputError, LatimerError

    try:
        from latimer.rl.problem import load_world
        from latimer.rl.tabular import learn as learn_table
    except ModuleNotFoundError as error:
        raise LatimerError(f"needs {error.name}; install it: pip install 'latimer[rl]'") from error
    if picture is not None and picture.suffix.lower() != ".png":
        raise InputError(f"--picture {picture}: pictures are PNG; end the name in .png")
    world, own_discount = load_world(env, read_settings(settings or []))
    gamma = own_discount if discount is None else discount
    chosen: dict[str, Any] = {
        "alpha": _schedule("--alpha", alpha),
        "epsilon": _schedule("--epsilon", epsilon),
    }
    with _Progress(episodes * runs) as progress:
        try:
            found = learn_table(
                world, algorithm, episodes=episodes, discount=gamma, initial=initial, limit=limit,
                runs=runs, seed=seed, threads=threads, progress=progress.advance, **chosen,
            )  # fmt: skip
        except InputError as error:
            raise InputError(f"{env}: {error}") from error
    if picture is not None:
        from latimer.plots.figure import save_figure
        from latimer.plots.returns import draw_returns

        save_figure(draw_returns({algorithm: found.returns}, env), picture)
    with open_output(None) as out:
        out.write(_json(env, gamma, found) if json else _text(env, gamma, found, world))


class _Progress:
    """A bar on stderr for a person who waits; nothing into a file or a pipe."""

    def __init__(self, total: int) -> None:
        from rich.console import Console
        from rich.progress import Progress

        console = Console(stderr=True)
        self.bar = Progress(console=console, transient=True, disable=not console.is_terminal)
        self.task = self.bar.add_task("episodes", total=total)

    def __enter__(self) -> _Progress:
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def advance(self, episodes: int) -> None:
        self.bar.advance(self.task, episodes)


def _schedule(option: str, text: str) -> float | tuple[float, float]:
    from latimer.errors import InputError

    try:
        numbers = [float(part) for part in text.split(":")]
    except ValueError:
        numbers = []
    if len(numbers) == 1:
        return numbers[0]
    if len(numbers) == 2:
        return numbers[0], numbers[1]
    raise InputError(f"{option} {text}: expected a number, or two with a colon between")


def _json(env: str, discount: float, found: Learned) -> str:
    from json import dumps

    shown = {
        "environment": env,
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


def _text(env: str, discount: float, found: Learned, world: Any) -> str:
    """The returns at the start and at the end, and what the first run has learned."""
    runs, episodes = found.returns.shape
    text = (
        f"{env}: {found.algorithm}, discount {discount:g}, {runs} runs of {episodes:,} episodes; "
        f"{found.steps:,} steps in {found.seconds:.2f} s\n"
    )
    for name, part in (("first", found.returns[:, :LAST]), ("last", found.returns[:, -LAST:])):
        each = part.mean(axis=1)
        error = f" ± {each.std(ddof=1) / runs**0.5:.2g}" if runs > 1 else ""
        text += f"mean return of the {name} {part.shape[1]} episodes: {each.mean():.4g}{error}\n"
    return text + _grid(world, found)


def _grid(world: GridWorld | Any, found: Learned) -> str:
    from sys import stdout

    from latimer.rl import GridWorld
    from latimer.rl.grid_picture import picture

    if not isinstance(world, GridWorld):
        return ""
    drawn = picture(world, found.q[0].max(axis=1), found.policy(), colour=stdout.isatty())
    return f"\ngreatest action values and greedy policy of the first run:\n{drawn}"
