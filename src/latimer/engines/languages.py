"""Models that work together write and read the same languages."""

from __future__ import annotations

from collections.abc import Sequence

from latimer.errors import InputError
from latimer.model import Model


def check_languages(name: str, other: Model, translator: Model, sides: Sequence[str]) -> None:
    """Refuse a model, called `name`, of another language than the translator's.

    `sides`, "source" or "target" or both, are compared where both models know them.
    Raises InputError.
    """
    theirs, own = (model.config.get("languages", {}) for model in (other, translator))
    for side in sides:
        if theirs.get(side) and own.get(side) and theirs[side] != own[side]:
            raise InputError(
                f"the {side} language of {name} is {theirs[side]}, that of the translator "
                f"{own[side]}; they must be the same"
            )
