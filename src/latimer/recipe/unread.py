"""Keys of `objective` and `critic` that are set although nothing in the run reads them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pydantic_core import PydanticCustomError

from latimer.recipe.phases import WITH_CRITIC
from latimer.recipe.section import Section, impossible

if TYPE_CHECKING:
    from latimer.recipe.recipe import Recipe

DRAWING = ("reinforce", "mixer", "minimum_risk", "ppo", *WITH_CRITIC)
"""Objectives that learn from translations drawn."""

READ_BY: dict[str, tuple[str, ...]] = {
    "reward": DRAWING,
    "samples": DRAWING,
    "temperature": DRAWING,
    "max_length": DRAWING,
    "baseline": ("reinforce", "mixer"),
    "likelihood": ("reinforce", "minimum_risk", "ppo", "actor_critic"),
    "sharpness": ("minimum_risk",),
    "clip": ("ppo",),
    "leash": ("ppo",),
    "refresh": ("ppo",),
    "border_step": ("mixer",),
    "border_updates": ("mixer",),
    "truth": ("scheduled_sampling",),
    "truth_updates": ("scheduled_sampling",),
}
"""The kinds of objective that read a key of `objective`; all read `kind`."""


def check_read(recipe: Recipe) -> None:
    """Refuse a key that was changed for an objective that the run does not have.

    One phase that reads a key is enough: the recipe's own sections speak to all of them.
    """
    parts = recipe.stretches().values()
    kinds = [part.objective.kind for part in parts]
    for key, readers in READ_BY.items():
        if not set(kinds) & set(readers) and (found := _changed(recipe, "objective", key)):
            raise _unread(*found, f"objective {' or '.join(readers)}", kinds)
    for key in type(recipe.critic).model_fields:
        if not set(kinds) & set(WITH_CRITIC) and (found := _changed(recipe, "critic", key)):
            raise _unread(*found, f"objective {' or '.join(WITH_CRITIC)}", kinds)
    targets = [part.critic.target for part in parts]
    if "lambda_return" not in targets and (found := _changed(recipe, "critic", "trace")):
        raise _unread(*found, "critic.target lambda_return", targets)


def _changed(recipe: Recipe, section: str, key: str) -> tuple[str, object] | None:
    """Where `key` has another value than it has by itself, dotted, and that value."""
    places: dict[str, Section] = {section: getattr(recipe, section)}
    for name, phase in recipe.phases.items():
        places[f"phases.{name}.{section}"] = getattr(phase, section)
    for place, values in places.items():
        value = getattr(values, key)
        if value != type(values).model_fields[key].default:
            return f"{place}.{key}", value
    return None


def _unread(key: str, value: object, readers: str, there: Iterable[str]) -> PydanticCustomError:
    several = ", ".join(dict.fromkeys(there))
    return impossible(key, f"{value} is for {readers}, and there is {several}; leave it out")
