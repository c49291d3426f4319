"""Settings of search that a model carries, and what stands in for those that are not given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from latimer.errors import InputError


class SearchSettings(NamedTuple):
    """How to search with the beam; see `latimer.search.beam.beam_search`."""

    beam: int = 5
    alpha: float = 1.0
    normalisation: str = "power"
    coverage_penalty: float = 0.0
    max_length: int | None = None


TYPES: dict[str, tuple[type, ...]] = {
    "beam": (int,),
    "alpha": (int, float),
    "normalisation": (str,),
    "coverage_penalty": (int, float),
    "max_length": (int, type(None)),
}
"""Of the fields of `SearchSettings`, as JSON has them."""


def check_stored(stored: Mapping[str, Any]) -> None:
    """Raises InputError naming the entry of a model's config that is of a wrong type.

    Ranges are for the search to refuse, which knows them for what is given, too.
    """
    for name, types in TYPES.items():
        if name in stored and (
            not isinstance(stored[name], types) or isinstance(stored[name], bool)
        ):
            raise InputError(f"search.{name} cannot be {stored[name]!r}; copy the folder again")


def completed(
    stored: Mapping[str, Any],
    *,
    beam: int | None = None,
    alpha: float | None = None,
    normalisation: str | None = None,
    coverage_penalty: float | None = None,
    max_length: int | None = None,
) -> SearchSettings:
    """What is given, and for the rest what is `stored` in a model's config, or usual.

    A stored alpha goes with its normalisation: with another one, alpha is 1 unless given.
    """
    usual = SearchSettings()._asdict()
    found = usual | {name: value for name, value in stored.items() if name in usual}
    if normalisation not in (None, found["normalisation"]):
        found["alpha"] = usual["alpha"]
    given = {
        "beam": beam, "alpha": alpha, "normalisation": normalisation,
        "coverage_penalty": coverage_penalty, "max_length": max_length,
    }  # fmt: skip
    return SearchSettings(**found | {n: value for n, value in given.items() if value is not None})
