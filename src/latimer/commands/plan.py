"""`latimer plan`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.progress import Progress

    from latimer.rl.environments import Problem
    from latimer.rl.planning.compare import Trial

SHOWN = 64
"""Without --json, so many states of an environment that is no grid are printed."""


def plan(
    env: Annotated[
        str,
        typer.Argument(
            metavar="ENV", help="Gymnasium id, grid-world file or textbook world (e.g. cliff)."
        ),
    ],
    method: Annotated[
        str,
        typer.Option(
            help="value-iteration, gauss-seidel, prioritised, policy-iteration or "
            "modified-policy-iteration."
        ),
    ] = "modified-policy-iteration",
    compare: Annotated[bool, typer.Option("--compare", help="All methods, as a table.")] = False,
    discount: Annotated[
        float | None, typer.Option(help="From 0 to 1.  [default: the grid world's own, or 0.99]")
    ] = None,
    accuracy: Annotated[float, typer.Option(help="Greatest error of a value.")] = 1e-6,
    horizon: Annotated[
        int | None, typer.Option(help="Plan for exactly so many steps, and not for ever.")
    ] = None,
    max_iterations: Annotated[int | None, typer.Option(help="Give up after so many.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Keyword of the Gymnasium environment."),
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Draw a grid's values and policy (.png), or these spreading (.gif).",
        ),
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Keep values, bounds and policy (.npz or .json)."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Find the best policy of a known environment, with certified bounds on its values."""
    from latimer.commands.streams import open_output
    from latimer.commands.world_pictures import check_picture, draw_plan
    from latimer.errors import InputError, LatimerError

    try:
        from latimer.rl.environments import load_problem
        from latimer.rl.mdp.saved import check_name
        from latimer.rl.planning.compare import compare as compare_planners
        from latimer.rl.planning.compare import plan as plan_by
    except ModuleNotFoundError as error:
        raise LatimerError(
            f"needs {error.name}; install it: pip install 'latimer[rl]', or in a clone "
            "pip install -c constraints.txt -e '.[rl]'"
        ) from error
    if compare and horizon is not None:
        raise InputError("--compare and --horizon exclude each other: a horizon has one method")
    for option, file in (("--picture", picture), ("--save", save)):
        if file is not None and (compare or horizon is not None):
            other = "--compare" if compare else "--horizon"
            raise InputError(f"{option} and {other} exclude each other: it is of one solution")
    if save is not None:
        check_name(save)
    problem = load_problem(env, discount, read_settings(settings or []))
    if picture is not None:
        check_picture(picture, problem.board, env)
    with open_output(None) as out:
        if horizon is not None:
            out.write(_horizon(problem, horizon, json))
            return
        with _waiting(env, "all methods" if compare else method):
            if compare:
                trials = compare_planners(problem.mdp, accuracy, max_iterations)
            else:
                trials = [plan_by(problem.mdp, method, accuracy, max_iterations)]
        if compare:
            out.write(_table_json(problem, trials) if json else _table(problem, trials))
        else:
            out.write(_trial_json(problem, trials[0]) if json else _trial(problem, trials[0]))
    found = trials[0].solution
    if picture is not None:
        assert problem.board is not None
        draw_plan(picture, problem.board, env, problem.mdp, found, found.policy)
    if save is not None:
        _save(save, problem, trials[0])
    short = [trial.method for trial in trials if not trial.solution.converged]
    if short:
        raise LatimerError(
            f"{', '.join(short)} stopped short of the accuracy {accuracy:g}; "
            "raise --max-iterations or --accuracy"
        )


def _waiting(env: str, method: str) -> Progress:
    """A clock on stderr for a person who waits; nothing into a file or a pipe."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    clock = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    clock.add_task(f"{env}: {method}", total=None)
    return clock


def read_settings(words: list[str], option: str = "--set") -> dict[str, Any]:
    """The KEY=VALUE of an option as keywords, values as in YAML; InputError on anything else."""
    from latimer import strict_yaml
    from latimer.errors import InputError

    found: dict[str, Any] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key.isidentifier():
            raise InputError(f"{option} {word}: expected KEY=VALUE")
        try:
            found[key], _ = strict_yaml.parse(value, option)
        except InputError as error:
            raise InputError(f"{option} {word}: the value cannot be read") from error
    return found


def _head(problem: Problem) -> dict[str, Any]:
    mdp = problem.mdp
    return {
        "environment": problem.name,
        "states": mdp.states,
        "actions": mdp.actions,
        "discount": mdp.discount,
    }


def _figures(problem: Problem, trial: Trial) -> dict[str, Any]:
    from math import isfinite

    found = trial.solution
    start = problem.mdp.start
    return {
        "method": trial.method,
        "iterations": found.iterations,
        "backups": found.backups,
        "seconds": trial.seconds,
        "converged": found.converged,
        "bound": found.bound if isfinite(found.bound) else None,
        "start_value": None if start is None else float(start @ found.values),
    }


def _trial_json(problem: Problem, trial: Trial) -> str:
    found = trial.solution
    shown = _head(problem) | _figures(problem, trial)
    shown |= {"values": found.values.tolist(), "policy": found.policy.tolist()}
    return _dumps(shown)


def _table_json(problem: Problem, trials: list[Trial]) -> str:
    methods = [{**_figures(problem, trial), "error": trial.error} for trial in trials]
    return _dumps({**_head(problem), "methods": methods})


def _save(path: Path, problem: Problem, trial: Trial) -> None:
    from latimer.rl.mdp.saved import save

    found = trial.solution
    arrays = {"values": found.values, "lower": found.lower, "upper": found.upper}
    facts = _head(problem) | _figures(problem, trial)
    save(path, facts, arrays | {"policy": found.policy})


def _dumps(shown: dict[str, Any]) -> str:
    from json import dumps

    return dumps(shown, ensure_ascii=False, indent=2) + "\n"


def _title(problem: Problem) -> str:
    mdp = problem.mdp
    size = f"{mdp.states} states, {mdp.actions} actions"
    return f"{problem.name}: {size}, discount {mdp.discount:g}\n"


def _trial(problem: Problem, trial: Trial) -> str:
    found = trial.solution
    text = _title(problem) + (
        f"{trial.method}: {found.iterations} iterations, {found.backups:,} backups, "
        f"{trial.seconds:.3f} s; every value certified within {found.bound:.2g}\n"
    )
    return text + _values(problem, found.values, found.policy)


def _table(problem: Problem, trials: list[Trial]) -> str:
    lines = [
        f"{'method':<26}{'iterations':>11}{'backups':>14}{'seconds':>10}{'bound':>10}{'error':>10}"
    ]
    for trial in trials:
        found = trial.solution
        lines.append(
            f"{trial.method:<26}{found.iterations:>11,}{found.backups:>14,}{trial.seconds:>10.4f}"
            f"{found.bound:>10.1e}{trial.error:>10.1e}" + ("" if found.converged else "  stopped")
        )
    note = (
        "backups: look-aheads from a state and an action; bound: certified greatest error;\n"
        "error: greatest distance to the solution with the smallest bound\n"
    )
    return _title(problem) + "\n".join(lines) + "\n" + note


def _horizon(problem: Problem, horizon: int, json: bool) -> str:
    from latimer.rl import finite_horizon

    found = finite_horizon(problem.mdp, horizon)
    values, policy, start = found.values[-1], found.policy[-1], problem.mdp.start
    if json:
        shown = _head(problem) | {"method": "finite-horizon", "horizon": horizon}
        shown["start_value"] = None if start is None else float(start @ values)
        shown |= {"values": values.tolist(), "policy": policy.tolist()}
        return _dumps(shown)
    title = f"{_title(problem)}finite-horizon: exact for {horizon} steps to go\n"
    return title + _values(problem, values, policy if horizon else None)


def _values(problem: Problem, values: Any, policy: Any) -> str:
    """The value at the start, then the grid, or the first states one a line."""
    from sys import stdout

    from latimer.rl.grid.picture import picture

    mdp, text = problem.mdp, ""
    if mdp.start is not None:
        text = f"value at the start: {float(mdp.start @ values):.6g}\n"
    if problem.grid is not None:
        return text + "\n" + picture(problem.grid, values, policy, colour=stdout.isatty())
    text += f"{'state':>7}{'value':>14}  action\n"
    for state in range(min(mdp.states, SHOWN)):
        action = "" if policy is None else policy[state]
        text += f"{state:>7}{values[state]:>14.6g}  {action}\n"
    if mdp.states > SHOWN:
        text += f"… and {mdp.states - SHOWN} more; --json prints all\n"
    return text
