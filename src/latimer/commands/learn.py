"""`latimer learn`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from latimer.rl import GridWorld
    from latimer.rl.tabular import Learned
    from latimer.rl.tabular.schedules import Schedule

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
        str,
        typer.Option(
            help="With a table: q-learning, sarsa, expected-sarsa, double-q, sarsa-lambda, "
            "q-lambda, dyna-q, prioritised-sweeping, certainty-equivalence. With networks: a2c, "
            "ppo, dqn, dynamics (a learned model that is planned in)."
        ),
    ] = "q-learning",
    episodes: Annotated[int, typer.Option(min=1, help="Episodes of a run.")] = 500,
    alpha: Annotated[
        str,
        typer.Option(
            help="Step size; or FIRST:LAST over the episodes, in a straight line, or with "
            ":exponential or :harmonic behind it; /n at the end divides by the times that the "
            "state and action were tried, as in 1/n."
        ),
    ] = "0.5",
    epsilon: Annotated[
        str, typer.Option(help="Probability of a random action; a schedule like --alpha.")
    ] = "0.1",
    discount: Annotated[
        float | None, typer.Option(help="From 0 to 1.  [default: the grid world's own, or 0.99]")
    ] = None,
    initial: Annotated[float, typer.Option(help="Value of every action before learning.")] = 0.0,
    decay: Annotated[
        float | None, typer.Option(help="λ of sarsa-lambda and q-lambda.  [default: 0.9]")
    ] = None,
    traces: Annotated[
        str | None,
        typer.Option(help="replacing, accumulating or dutch.  [default: replacing]"),
    ] = None,
    planning: Annotated[
        int | None,
        typer.Option(help="Remembered steps a step, with a model.  [default: 10]"),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Steps of an episode.  [default: the environment's]")
    ] = None,
    runs: Annotated[
        int | None,
        typer.Option(min=1, help="Independent runs, for the mean.  [default: 10; networks: 1]"),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of every random choice.")] = 1,
    threads: Annotated[int, typer.Option(min=1, max=1024, help="Runs at a time.")] = 1,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Keyword of the Gymnasium environment."),
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Draw curve and a grid's values (.png), or the learning (.gif).",
        ),
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Keep tables and returns (.npz, .json); networks: a folder."
        ),
    ] = None,
    steps: Annotated[
        int, typer.Option(min=1, help="Networks: steps of a run, of all copies together.")
    ] = 60_000,
    options: Annotated[
        list[str] | None,
        typer.Option("--option", metavar="KEY=VALUE", help="Networks: a setting of the algorithm."),
    ] = None,
    device: Annotated[str, typer.Option(help="Networks: cpu, cuda, cuda:1, …")] = "cpu",
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Learn to act in an environment from experience, with a table of values or with networks."""
    from latimer.commands import learn_deep
    from latimer.commands.plan import read_settings
    from latimer.commands.streams import open_output
    from latimer.commands.world_pictures import check_picture, draw_learned
    from latimer.errors import InputError, LatimerError

    try:
        from latimer.rl.environments import load_world
        from latimer.rl.grid.layout import board_of
        from latimer.rl.mdp.saved import check_name
        from latimer.rl.tabular import learn as learn_table
    except ModuleNotFoundError as error:
        raise LatimerError(
            f"needs {error.name}; install it: pip install 'latimer[rl]', or in a clone "
            "pip install -c constraints.txt -e '.[rl]'"
        ) from error
    if algorithm in learn_deep.ALGORITHMS:
        learn_deep.run(
            env, algorithm, steps=steps, runs=runs, seed=seed, discount=discount, device=device,
            options=read_settings(options or [], "--option"),
            settings=read_settings(settings or []), picture=picture, save=save, json=json,
        )  # fmt: skip
        return
    if options:
        raise InputError(f"--option is for networks ({', '.join(learn_deep.ALGORITHMS)})")
    if save is not None:
        check_name(save)
    world, own_discount = load_world(env, read_settings(settings or []))
    board = board_of(world)
    if picture is not None:
        check_picture(picture, board, env, curve=True)
    gamma = own_discount if discount is None else discount
    runs = 10 if runs is None else runs
    chosen: dict[str, Any] = {
        "alpha": _schedule("--alpha", alpha.removesuffix("/n")),
        "by_visits": True if alpha.endswith("/n") else None,
        "epsilon": _schedule("--epsilon", epsilon),
    }
    history: list[tuple[int, Any]] = []

    def watch(run: int, lived: int, q: Any) -> None:
        if run == 0:
            history.append((lived, q))

    with _Progress(episodes * runs) as progress:
        try:
            found = learn_table(
                world, algorithm, episodes=episodes, discount=gamma, initial=initial, limit=limit,
                runs=runs, seed=seed, threads=threads, progress=progress.advance, watch=watch,
                decay=decay, planning=planning, traces=traces, **chosen,
            )  # fmt: skip
        except InputError as error:
            hint = ""
            if "finitely many" in str(error):
                names = ", ".join(learn_deep.ALGORITHMS)
                hint = f"; for environments like this: --algorithm {names}"
            raise InputError(f"{env}: {error}{hint}") from error
    if picture is not None:
        draw_learned(picture, board, f"{env}, {algorithm}", found, history)
    if save is not None:
        found.save(save, environment=env, discount=gamma, seed=seed)
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


def _schedule(option: str, text: str) -> Schedule:
    from latimer.errors import InputError

    first, *rest = text.split(":")
    try:
        if not rest:
            return float(first)
        if len(rest) == 1:
            return float(first), float(rest[0])
        if len(rest) == 2:
            return float(first), float(rest[0]), rest[1]
    except ValueError:
        pass
    raise InputError(
        f"{option} {text}: expected a number, FIRST:LAST, or FIRST:LAST:SHAPE (linear, "
        "exponential, harmonic)"
    )


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
    from latimer.rl.grid.picture import picture

    if not isinstance(world, GridWorld):
        return ""
    drawn = picture(world, found.q[0].max(axis=1), found.policy(), colour=stdout.isatty())
    return f"\ngreatest action values and greedy policy of the first run:\n{drawn}"
