"""`latimer play`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from latimer.rl.environments import Environment
    from latimer.rl.evaluation import Evaluation
    from latimer.rl.saved_agent import SavedAgent


def play(
    agent: Annotated[
        Path,
        typer.Argument(metavar="AGENT", help="Folder or file that `latimer learn --save` wrote."),
    ],
    env: Annotated[
        str | None,
        typer.Option(metavar="ENV", help="Environment.  [default: that of learning]"),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="With --env: keyword of the Gymnasium environment; repeatable.",
        ),
    ] = None,
    episodes: Annotated[int, typer.Option(min=1, help="Episodes to play.")] = 100,
    seed: Annotated[int, typer.Option(min=0, help="Seed of environment and policy.")] = 1,
    sample: Annotated[
        bool,
        typer.Option(
            "--sample", help="Sample actions as in training.  [default: the greedy policy]"
        ),
    ] = False,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1, help="Steps after which an episode is truncated.  [default: that of learning]"
        ),
    ] = None,
    render: Annotated[
        bool, typer.Option("--render", help="Print the first episode, step by step.")
    ] = False,
    picture: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw the first episode (.png), or animate it (.gif)."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Evaluate what `latimer learn` saved: mean return, confidence interval, episode lengths."""
    from latimer.commands.rl_extra import require_rl
    from latimer.errors import InputError

    require_rl()
    from latimer.commands.play_report import report_json, report_text
    from latimer.commands.streams import open_output

    if settings and env is None:
        raise InputError("--set needs --env: the settings of learning are kept with the agent")
    if render and (json or picture is not None):
        other = "--json" if json else "--picture"
        raise InputError(f"--render and {other} exclude each other")
    found, place = _load(agent, seed, env, settings)
    if sample and found.sampled is None:
        raise InputError(f"{agent}: was saved without ε; leave out --sample")
    result = _play(found, place, (episodes, seed, limit, sample), render=render, picture=picture)
    with open_output(None) as out:
        write = report_json if json else report_text
        out.write(write(found, place, result, seed=seed, sampled=sample))


def _load(
    path: Path, seed: int, env: str | None, settings: list[str] | None
) -> tuple[SavedAgent, Environment]:
    from latimer.commands.key_values import read_key_values
    from latimer.rl.environments import find_environment
    from latimer.rl.saved_agent import load_agent

    given = None if env is None else find_environment(env, read_key_values("--set", settings))
    found = load_agent(path, seed, given)
    return found, found.environment


def _play(
    agent: SavedAgent,
    place: Environment,
    how: tuple[int, int, int | None, bool],
    *,
    render: bool,
    picture: Path | None,
) -> Evaluation:
    """Evaluate and draw; how: episodes, seed, limit, whether actions are sampled."""
    from gymnasium.error import DependencyNotInstalled
    from rich.console import Console
    from rich.progress import Progress

    from latimer.commands.play_pictures import draw_episode, render_mode_of
    from latimer.errors import LatimerError
    from latimer.rl.evaluation import evaluate

    episodes, seed, limit, sample = how
    policy = agent.sampled if sample else agent.greedy
    assert policy is not None
    mode = render_mode_of(place, render=render, picture=picture)
    env = place.make(agent.limit if limit is None else limit, mode)
    console = Console(stderr=True)
    try:
        with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("episodes", total=episodes)
            result = evaluate(
                env, policy, episodes, seed, lambda number: bar.update(task, completed=number)
            )
    except DependencyNotInstalled as error:
        raise LatimerError(f"{place.name} cannot be rendered: {error}") from error
    finally:
        env.close()
    if picture is not None:
        title = f"{Path(place.name).name}, {agent.algorithm}"
        draw_episode(picture, title, place.layout, result.first)
    return result
