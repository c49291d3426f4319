"""Command lines as the command itself reads them, without running them."""

from __future__ import annotations

import re
import shlex
from functools import lru_cache
from typing import Any

import typer

from latimer.cli import build_app


@lru_cache
def commands() -> dict[str, Any]:
    """The commands of the application, by name."""
    return typer.main.get_command(build_app()).commands


def parse(line: str) -> tuple[str, dict[str, Any]]:
    """Name and values of a `latimer …` command; fails on an option or argument it does not have.

    Pipes and redirections around it are left out.
    """
    stage = next(part for part in line.split("|") if re.search(r"(^|/|\s)latimer\s", part))
    words = shlex.split(re.sub(r"[<>]\s*\S+", "", stage))
    name, *arguments = words[words.index(next(w for w in words if w.endswith("latimer"))) + 1 :]
    command = commands()[name]
    if hasattr(command, "commands"):
        command = command.commands[arguments.pop(0)]
    return name, command.make_context(name, arguments).params
