"""What `latimer plan` prints and saves."""

from __future__ import annotations

import sys
from json import dumps
from math import isfinite
from pathlib import Path
from typing import Any

from latimer.rl.environments import Environment
from latimer.rl.grid.grid_world import GridWorld
from latimer.rl.grid.picture import picture
from latimer.rl.mdp.finite_mdp import FiniteMDP
from latimer.rl.mdp.saved import save
from latimer.rl.mdp.solution import HorizonSolution
from latimer.rl.planning.compare import Trial

SHOWN = 64
"""So many states of an environment that is no grid are printed as text."""


def solution_json(environment: Environment, mdp: FiniteMDP, trial: Trial) -> str:
    """One solution, values and policy with it."""
    found = trial.solution
    shown = _head(environment, mdp) | _figures(mdp, trial)
    return _dumps(shown | {"values": found.values.tolist(), "policy": found.policy.tolist()})


def table_json(environment: Environment, mdp: FiniteMDP, trials: list[Trial]) -> str:
    """The figures of several methods."""
    methods = [{**_figures(mdp, trial), "error": trial.error} for trial in trials]
    return _dumps({**_head(environment, mdp), "methods": methods})


def horizon_json(environment: Environment, mdp: FiniteMDP, found: HorizonSolution) -> str:
    """Values and policy of the first of the steps."""
    values, policy, start = found.values[-1], found.policy[-1], mdp.start
    shown = _head(environment, mdp)
    shown |= {"method": "finite-horizon", "horizon": len(found.values) - 1}
    shown["start_value"] = None if start is None else float(start @ values)
    return _dumps(shown | {"values": values.tolist(), "policy": policy.tolist()})


def solution_text(environment: Environment, mdp: FiniteMDP, trial: Trial) -> str:
    """One solution: a line of figures, then the grid, or the states one a line."""
    found = trial.solution
    text = _title(environment, mdp) + (
        f"{trial.method}: {found.iterations} iterations, {found.backups:,} backups, "
        f"{trial.seconds:.3f} s; every value certified within {found.bound:.2g}\n"
    )
    return text + _values(environment, mdp, found.values, found.policy)


def table_text(environment: Environment, mdp: FiniteMDP, trials: list[Trial]) -> str:
    """A line a method."""
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
    return _title(environment, mdp) + "\n".join(lines) + "\n" + note


def horizon_text(environment: Environment, mdp: FiniteMDP, found: HorizonSolution) -> str:
    """As `solution_text`."""
    horizon = len(found.values) - 1
    title = f"{_title(environment, mdp)}finite-horizon: exact for {horizon} steps to go\n"
    policy = found.policy[-1] if horizon else None
    return title + _values(environment, mdp, found.values[-1], policy)


def save_solution(path: Path, environment: Environment, mdp: FiniteMDP, trial: Trial) -> None:
    """Write values, bounds and policy, with the figures."""
    found = trial.solution
    arrays = {"values": found.values, "lower": found.lower, "upper": found.upper}
    facts = _head(environment, mdp) | _figures(mdp, trial)
    save(path, facts, arrays | {"policy": found.policy})


def _head(environment: Environment, mdp: FiniteMDP) -> dict[str, Any]:
    return {
        "environment": environment.name,
        "states": mdp.states,
        "actions": mdp.actions,
        "discount": mdp.discount,
    }


def _figures(mdp: FiniteMDP, trial: Trial) -> dict[str, Any]:
    found, start = trial.solution, mdp.start
    return {
        "method": trial.method,
        "iterations": found.iterations,
        "backups": found.backups,
        "seconds": trial.seconds,
        "converged": found.converged,
        "bound": found.bound if isfinite(found.bound) else None,
        "start_value": None if start is None else float(start @ found.values),
    }


def _dumps(shown: dict[str, Any]) -> str:
    return dumps(shown, ensure_ascii=False, indent=2) + "\n"


def _title(environment: Environment, mdp: FiniteMDP) -> str:
    size = f"{mdp.states} states, {mdp.actions} actions"
    return f"{environment.name}: {size}, discount {mdp.discount:g}\n"


def _values(environment: Environment, mdp: FiniteMDP, values: Any, policy: Any) -> str:
    """The value at the start, then the grid, or the first states one a line."""
    text = ""
    if mdp.start is not None:
        text = f"value at the start: {float(mdp.start @ values):.6g}\n"
    if isinstance(environment.world, GridWorld):
        return text + "\n" + picture(environment.world, values, policy, colour=sys.stdout.isatty())
    text += f"{'state':>7}{'value':>14}  action\n"
    for state in range(min(mdp.states, SHOWN)):
        action = "" if policy is None else policy[state]
        text += f"{state:>7}{values[state]:>14.6g}  {action}\n"
    if mdp.states > SHOWN:
        text += f"… and {mdp.states - SHOWN} more; --json prints all\n"
    return text
