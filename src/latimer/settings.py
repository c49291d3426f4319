"""Typed settings that verify themselves, and what their fields accept, in words."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Self, Union, dataclass_transform, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from latimer.errors import SettingError

_TYPES = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
_BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}


@dataclass_transform(kw_only_default=False, field_specifiers=(Field,))
class Settings(BaseModel):
    """Frozen settings, checked when they are made: `Beam(5)`, `Beam(width=5, alpha=0.6)`.

    Making them raises SettingError, which has the field, its value and the reason as data.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    def __init__(self, *values: Any, **settings: Any) -> None:
        """Fields in their order, or by name."""
        names = list(type(self).model_fields)
        if len(values) > len(names) or settings.keys() & set(names[: len(values)]):
            raise TypeError(f"{type(self).__name__} takes each of {', '.join(names)} once")
        given = dict(zip(names, values, strict=False)) | settings
        try:
            super().__init__(**given)
        except ValidationError as error:
            raise _setting_error(type(self), error, given) from None

    def replace(self, **changes: Any) -> Self:
        """The same settings with some changed; raises SettingError as making them does."""
        return type(self)(
            **{name: getattr(self, name) for name in type(self).model_fields} | changes
        )


def _setting_error(
    settings: type[BaseModel], error: ValidationError, given: Mapping[str, Any]
) -> SettingError:
    """The first error of pydantic; a misspelt name before others, because it explains them."""
    first = min(error.errors(), key=lambda found: found["type"] != "extra_forbidden")
    if first["type"] == "impossible":
        key = str(first["ctx"]["key"])
        value = given.get(key, settings.model_fields[key].default)
        return SettingError(key, value, first["ctx"]["why"])
    key = str(first["loc"][0]) if first["loc"] else ""
    field = settings.model_fields.get(key)
    if field is None:
        return SettingError(key, given.get(key), unknown(key, settings))
    return SettingError(key, given.get(key), not_allowed(field, given.get(key)))


def unknown(key: str, settings: type[BaseModel]) -> str:
    """The reason why a key is refused that the settings do not have."""
    names = list(settings.model_fields)
    close = get_close_matches(key, names, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    return f"there is no such setting; {hint}valid names: {', '.join(names)}"


def choices(field: FieldInfo) -> tuple[str, ...]:
    """The words a field chooses from; empty when it is not a choice."""
    return get_args(field.annotation) if get_origin(field.annotation) is Literal else ()


def allowed(field: FieldInfo) -> str:
    """What a field with a single value accepts, in words."""
    if isinstance(field.json_schema_extra, dict) and "allowed" in field.json_schema_extra:
        return str(field.json_schema_extra["allowed"])
    if words := choices(field):
        return f"one of {', '.join(words)}"
    parts = [field.annotation]
    if get_origin(field.annotation) in (Union, UnionType):
        parts = [part for part in get_args(field.annotation) if part is not type(None)]
    parts = [getattr(part, "__origin__", part) for part in parts]  # without the annotations
    kind = "a path" if Path in parts else _TYPES.get(parts[0], "a list of texts")  # type: ignore[arg-type]
    bounds = [
        f"{word} {getattr(constraint, name):,}"
        for constraint in field.metadata
        for name, word in _BOUNDS.items()
        if getattr(constraint, name, None) is not None
    ]
    text = f"{kind}, {' and '.join(bounds)}" if bounds else kind
    return f"{text}, or null" if type(None) in get_args(field.annotation) else text


def not_allowed(field: FieldInfo, value: Any) -> str:
    """The reason why a value is refused that the field does not accept."""
    near = get_close_matches(str(value), choices(field), n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    return f"{hint}allowed: {allowed(field)}"
