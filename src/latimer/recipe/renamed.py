"""Keys of recipes that once had another name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from latimer.errors import InputError

RENAMED = {
    "training.reach": "training.extrapolation",
    "objective.leash": "objective.kl_weight",
    "objective.refresh": "objective.sync_every",
    "objective.truth": "objective.teacher_forcing_min",
    "objective.truth_updates": "objective.teacher_forcing_updates",
    "objective.border_step": "objective.mixer_delta",
    "objective.border_updates": "objective.mixer_delta_updates",
    "search.beam": "search.width",
    "search.max_length": "constraints.max_length",
    "critic.trace": "critic.td_lambda",
    "critic.follow": "critic.target_update_rate",
    "critic.follow_actor": "critic.actor_target_update_rate",
}
"""Old key: new key. Both stand in sections of the recipe and in those of a phase."""


def check_renamed(tree: Mapping[str, Any], name: str, places: Mapping[str, str]) -> None:
    """Raises InputError with the new name of the first old key in `tree`.

    `name` and `places` are as in `reading.build_recipe`.
    """
    for prefix, sections in _parts(tree):
        for old, new in RENAMED.items():
            section, _, key = old.partition(".")
            keys = sections.get(section)
            if isinstance(keys, Mapping) and key in keys:
                where = places.get(prefix + old, name)
                raise InputError(f"{where}: {prefix}{old} is now {prefix}{new}")


def _parts(tree: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The recipe and its phases, each with the prefix of its keys."""
    yield "", tree
    phases = tree.get("phases")
    if isinstance(phases, Mapping):
        for name, phase in phases.items():
            if isinstance(phase, Mapping):
                yield f"phases.{name}.", phase
