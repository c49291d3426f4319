"""Searches and constraints from plain values: of a command line, a recipe or JSON.

Everything that takes settings from outside reads them here, so that all take and refuse the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import BeforeValidator

from latimer.errors import SettingError
from latimer.search.constraints import Constraints
from latimer.search.strategies import STRATEGIES, Search, Strategy

DEFAULT = "beam"

CARRIED = ("width", "alpha", "normalisation", "stop", "coverage_penalty")
"""Settings that another strategy takes over from the model's own, if it has them."""


def read_search(settings: Mapping[str, Any], base: Search | None = None) -> Search:
    """The search that `settings` describe, by the names of the strategies' fields.

    What they leave out is as in `base`, usually a model's own search, or usual. `kind` names the
    strategy, by default the beam; a different one takes over from `base` what ranks hypotheses. An
    exponent belongs to its normalisation: with another one it is the usual exponent unless given.

    Raises SettingError, whose field is below `search`.
    """
    kind = settings.get("kind", DEFAULT if base is None else base.kind)
    strategy = STRATEGIES.get(kind) if isinstance(kind, str) else None
    if strategy is None:
        close = get_close_matches(str(kind), STRATEGIES, n=1)
        hint = f"did you mean {close[0]}? " if close else ""
        raise SettingError("search.kind", kind, f"{hint}allowed: one of {', '.join(STRATEGIES)}")
    fields = strategy.model_fields
    taken = {} if base is None else _taken(base, strategy, settings)
    given = {name: value for name, value in settings.items() if name != "kind"}
    for name, value in given.items():
        if name not in fields:
            raise SettingError(f"search.{name}", value, _elsewhere(name, kind))
    try:
        return strategy(**taken | given)
    except SettingError as error:
        raise error.within("search") from None


def read_constraints(settings: Mapping[str, Any]) -> Constraints:
    """The constraints that `settings` describe; raises SettingError, its field below `constraints`.

    A glossary is a mapping of source terms to target terms, or a `Glossary`.
    """
    try:
        return Constraints(**settings)
    except SettingError as error:
        raise error.within("constraints") from None


def _taken(base: Search, strategy: type[Search], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of `base` that hold for the strategy, where nothing else is said."""
    names = strategy.model_fields if strategy is type(base) else CARRIED
    shared = strategy.model_fields.keys() & type(base).model_fields.keys() & set(names) - {"kind"}
    taken = {name: getattr(base, name) for name in shared}
    if settings.get("normalisation", taken.get("normalisation")) != taken.get("normalisation"):
        taken.pop("alpha", None)
    return taken


def _elsewhere(name: str, kind: str) -> str:
    """Why a strategy refuses a name: the strategies that have it, or those that it has."""
    having = [other for other, strategy in STRATEGIES.items() if name in strategy.model_fields]
    valid = [field for field in STRATEGIES[kind].model_fields if field != "kind"]
    if having:
        return (
            f"search.kind {kind} has no such setting, it belongs to {', '.join(having)}; "
            f"{kind} has {', '.join(valid)}"
        )
    close = get_close_matches(name, valid, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    return f"there is no such setting; {hint}{kind} has {', '.join(valid)}"


def _as_search(section: Any) -> Any:
    if isinstance(section, Mapping):
        return read_search(section)
    if not isinstance(section, Strategy):
        raise SettingError("search", section, "its settings are written below it")
    return section


SearchSection = Annotated[Search, BeforeValidator(_as_search)]
"""A search as a section of a recipe or of a model's config."""
