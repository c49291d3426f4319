"""Which options of `latimer plan` and `latimer learn` are read, from the code that reads them."""

from __future__ import annotations

from dataclasses import fields
from inspect import Parameter, signature
from typing import Any

FLAGS = {"settings": "--set", "options": "--option", "by_visits": "--alpha …/n"}
"""How a parameter is written, where that is not its own name."""


def flag(name: str) -> str:
    """An option as it is typed."""
    return FLAGS.get(name, "--" + name.replace("_", "-"))


def given(**options: Any) -> dict[str, Any]:
    """Those that were typed."""
    return {name: value for name, value in options.items() if value is not None}


def learn_reads() -> dict[str, set[str]]:
    """By algorithm: the fields of its settings and of its runs; networks take settings as one."""
    from latimer.rl.deep.settings import SETTINGS, Training
    from latimer.rl.tabular.learn import reads_of

    training = {field.name for field in fields(Training)} | {"options", "runs"}
    return reads_of() | dict.fromkeys(SETTINGS, training)


def plan_reads() -> dict[str, set[str]]:
    """By method, `--compare` and `--horizon`: the keywords of the functions that are called."""
    from latimer.rl.planning.compare import PLANNERS

    of_one = {"method", "picture", "save"}
    methods = {name: _keywords(planner) for name, planner in PLANNERS.items()}
    reads = {name: words | of_one for name, words in methods.items()}
    reads["--compare"] = set.intersection(*methods.values()) | {"compare"}
    reads["--horizon"] = {"horizon"}
    return reads


def _keywords(function: Any) -> set[str]:
    kinds = signature(function).parameters.values()
    return {one.name for one in kinds if one.kind is Parameter.KEYWORD_ONLY}
