"""Whether a recipe may resume a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from latimer.errors import InputError
from latimer.recipe import build_recipe

LIMITS = (
    "training.max_minutes",
    "training.max_epochs",
    "training.max_updates",
    "training.patience",
    "training.cooldown",
)
"""Keys that say when a run ends; a run may be resumed with other limits."""

FREE = (
    *LIMITS,
    "training.extrapolation",
    "training.tensorboard",
    "data.train.",
    "data.dev.",
    "data.test",
    "search.",
    "constraints.min_length",
    "constraints.no_repeat",
)
"""Keys, or beginnings of keys, that may differ: limits, extrapolation of the average, TensorBoard,
search by the finished model, and the paths of texts, whose contents are compared by checksum."""


def check_same_run(recipe: dict[str, Any], begun: dict[str, Any], run: Path) -> None:
    """Refuse a recipe other than `begun`, with which the run in `run` was started.

    Both recipes are nested dictionaries; keys that `begun` lacks have their defaults. Raises
    InputError naming the keys that differ.
    """
    whole = build_recipe(begun, f"{run}: its recipe").model_dump(mode="json")
    now, then = flatten(recipe), flatten(whole)
    differing = [
        f"{key} is {now.get(key)}, was {then.get(key)}"
        for key in sorted(now.keys() | then.keys())
        if now.get(key) != then.get(key) and not _general(key).startswith(FREE)
    ]
    order, before = (", ".join(tree["phases"]) or "none" for tree in (recipe, whole))
    if order != before:
        differing = [f"phases are {order}, were {before}"]
    if differing:
        raise InputError(
            f"{run}: a run with another recipe ({'; '.join(differing)}); put these back to "
            "continue it, or choose another folder for the run"
        )


def _general(key: str) -> str:
    """The key of the recipe's own section that corresponds to a key of a phase."""
    return key.split(".", 2)[2] if key.startswith("phases.") else key


def limits_of(recipe: dict[str, Any], phase: int = 0) -> dict[str, Any]:
    """The limits in `recipe` of a run without phases, or of the phase with that number from 0."""
    phases = list((recipe.get("phases") or {}).values())
    flat = flatten(phases[phase] if phases else recipe)
    return {key: flat.get(key) for key in LIMITS}


def flatten(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested dictionaries as one with dotted keys."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat


@contextmanager
def only_one_trains(run: Path) -> Iterator[None]:
    """Keep a second process from training in the same folder; raises InputError for it.

    Where the system or the disk has no such locks, nothing is checked.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    try:
        file = (run / ".lock").open("w")
    except OSError as error:
        raise InputError(f"{run}: cannot be the run folder: {error.strerror}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(
                f"{run}: another process is training here; wait for it, or choose another folder"
            ) from error
        except OSError:
            pass  # a file system without locks
        yield
