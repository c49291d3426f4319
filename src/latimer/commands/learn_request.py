"""What `latimer learn` was asked for, checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latimer.commands.key_values import read_key_values
from latimer.commands.unread_options import flag, learn_reads
from latimer.errors import InputError
from latimer.rl.environments import Environment, find_environment
from latimer.rl.unread import closest, refuse_unread

COMMON = frozenset({"discount", "seed"})
"""Options that every algorithm reads, whatever its settings."""


@dataclass(frozen=True)
class Request:
    """options: those that the algorithm reads and that were given, by the names of its settings."""

    environment: Environment
    algorithm: str
    options: dict[str, Any]
    picture: Path | None
    save: Path | None
    json: bool


def request_of(
    env: str,
    algorithm: str,
    settings: Sequence[str] | None,
    outputs: tuple[Path | None, Path | None, bool],
    given: dict[str, Any],
) -> Request:
    """The request; outputs: picture, save, json.

    InputError for an unknown algorithm, environment or option value, and for an option that the
    algorithm does not read.
    """
    reads = learn_reads()
    if algorithm not in reads:
        raise InputError(f"algorithm {algorithm!r}{closest(algorithm, reads)}")
    options = dict(given)
    if "alpha" in options and options["alpha"].endswith("/n"):
        options |= {"alpha": options["alpha"].removesuffix("/n"), "by_visits": True}
    refuse_unread(algorithm, [name for name in options if name not in COMMON], reads, flag)
    for name in ("alpha", "epsilon"):
        if name in options:
            options[name] = _schedule(flag(name), options[name], given[name])
    if "options" in options:
        options["options"] = read_key_values("--option", options["options"])
    environment = find_environment(env, read_key_values("--set", settings))
    return Request(environment, algorithm, options, *outputs)


def _schedule(option: str, text: str, typed: str) -> float | tuple[Any, ...]:
    first, *rest = text.split(":")
    try:
        if not rest:
            return float(first)
        if len(rest) <= 2:
            return float(first), float(rest[0]), *rest[1:]
    except ValueError:
        pass
    raise InputError(
        f"{option} {typed}: expected a number, FIRST:LAST, or FIRST:LAST:SHAPE (linear, "
        "exponential, harmonic)"
    )
