"""`latimer plan`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.progress import Progress

    from latimer.rl.environments import Environment
    from latimer.rl.mdp.finite_mdp import FiniteMDP

METHOD = "modified-policy-iteration"
ENV_HELP = "Grid-world file, textbook world (e.g. cliff), saved process or Gymnasium id."


def plan(
    env: Annotated[str, typer.Argument(metavar="ENV", help=ENV_HELP)],
    method: Annotated[
        str | None,
        typer.Option(
            help="value-iteration, gauss-seidel, prioritised, policy-iteration or "
            "modified-policy-iteration.  [default: modified-policy-iteration]"
        ),
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Solve by every method and print a table.")
    ] = False,
    discount: Annotated[
        float | None, typer.Option(help="γ, from 0 to 1.  [default: ENV's own, or 0.99]")
    ] = None,
    accuracy: Annotated[
        float | None, typer.Option(help="Maximum error of the values.  [default: 1e-06]")
    ] = None,
    horizon: Annotated[
        int | None,
        typer.Option(help="Finite horizon: number of steps, solved by backward induction."),
    ] = None,
    max_iterations: Annotated[
        int | None, typer.Option(help="Maximum number of iterations.  [default: the method's own]")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Keyword of the Gymnasium environment; repeatable."
        ),
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Draw a grid's values and policy (.png), or sweeps of value iteration (.gif).",
        ),
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write values, bounds and policy (.npz or .json)."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Find the optimal policy of a known environment, with certified bounds on its values."""
    from latimer.commands.rl_extra import require_rl
    from latimer.commands.unread_options import given

    require_rl()
    options = given(
        method=method, compare=compare or None, accuracy=accuracy, horizon=horizon,
        max_iterations=max_iterations, picture=picture, save=save,
    )  # fmt: skip
    _check(options)
    environment = _find(env, settings, picture)
    mdp = environment.mdp(discount)
    if horizon is not None:
        _print_horizon(environment, mdp, horizon, json)
        return
    limits = given(accuracy=accuracy, max_iterations=max_iterations)
    _solve(environment, mdp, "" if compare else method or METHOD, limits, (picture, save, json))


def _check(options: dict[str, Any]) -> None:
    """InputError for an unknown method, an option that is not read, a name of a wrong ending."""
    from latimer.commands.unread_options import flag, plan_reads
    from latimer.errors import InputError
    from latimer.rl.mdp.saved import check_name
    from latimer.rl.planning.compare import PLANNERS
    from latimer.rl.unread import closest, refuse_unread

    method = options.get("method", METHOD)
    if method not in PLANNERS:
        raise InputError(f"method {method!r}{closest(method, PLANNERS)}")
    how = "--horizon" if "horizon" in options else "--compare" if "compare" in options else method
    refuse_unread(how, options, plan_reads(), flag)
    if "save" in options:
        check_name(options["save"])


def _find(env: str, settings: list[str] | None, picture: Path | None) -> Environment:
    from latimer.commands.key_values import read_key_values
    from latimer.commands.world_pictures import check_picture
    from latimer.rl.environments import find_environment

    environment = find_environment(env, read_key_values("--set", settings))
    if picture is not None:
        check_picture(picture, environment.layout, env)
    return environment


def _solve(
    environment: Environment,
    mdp: FiniteMDP,
    method: str,
    limits: dict[str, Any],
    outputs: tuple[Path | None, Path | None, bool],
) -> None:
    """Solve by a method, or by all if it is empty; print, draw, save.

    outputs: picture, save, json. LatimerError when the accuracy was not reached.
    """
    from latimer.commands import plan_report as report
    from latimer.commands.streams import open_output
    from latimer.commands.world_pictures import draw_plan
    from latimer.errors import LatimerError
    from latimer.rl.planning.compare import compare
    from latimer.rl.planning.compare import plan as plan_by

    picture, save, json = outputs
    with open_output(None) as out:
        with _waiting(f"{environment.name}: {method or 'all methods'}"):
            trials = [plan_by(mdp, method, **limits)] if method else compare(mdp, **limits)
        if method:
            write = report.solution_json if json else report.solution_text
            out.write(write(environment, mdp, trials[0]))
        else:
            out.write((report.table_json if json else report.table_text)(environment, mdp, trials))
    if picture is not None:
        assert environment.layout is not None
        draw_plan(picture, environment.layout, environment.name, mdp, trials[0].solution)
    if save is not None:
        report.save_solution(save, environment, mdp, trials[0])
    short = [trial for trial in trials if not trial.solution.converged]
    if short:
        raise LatimerError(
            f"{', '.join(trial.method for trial in short)} stopped short of the accuracy "
            f"{limits.get('accuracy', 1e-6):g}; raise --max-iterations or --accuracy"
        )


def _print_horizon(environment: Environment, mdp: FiniteMDP, horizon: int, json: bool) -> None:
    from latimer.commands import plan_report as report
    from latimer.commands.streams import open_output
    from latimer.rl import finite_horizon

    found = finite_horizon(mdp, horizon)
    write = report.horizon_json if json else report.horizon_text
    with open_output(None) as out:
        out.write(write(environment, mdp, found))


def _waiting(text: str) -> Progress:
    """A clock on stderr at a terminal; nothing into a file or a pipe."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    clock = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    clock.add_task(text, total=None)
    return clock
