"""Models that work together write and read the same languages."""

from __future__ import annotations

from collections.abc import Sequence

from latimer.errors import InputError
from latimer.model.folder import Model


def check_languages(name: str, other: Model, translator: Model, sides: Sequence[str]) -> None:
    """Refuse a model, called `name`, of another language than the translator's.

    `sides`, "source" or "target" or both, are compared where both models know them.
    Raises InputError.
    """
    for side in sides:
        theirs, own = (getattr(model.config.languages, side) for model in (other, translator))
        if theirs and own and theirs != own:
            raise InputError(
                f"the {side} language of {name} is {theirs}, that of the translator {own}; "
                "they must be the same"
            )
