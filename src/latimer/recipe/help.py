"""What each key of a recipe means and allows: for complaints, and for `docs/recipe.md`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from latimer.recipe.recipe import Recipe

_TYPES = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
_YAML_WORDS = {None: "null", True: "true", False: "false"}
_BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}


def section_of(annotation: Any) -> type[BaseModel] | None:
    """The section that a field holds (also an optional one), or None for a plain value."""
    for part in (annotation, *get_args(annotation)):
        if isinstance(part, type) and issubclass(part, BaseModel):
            return part
    return None


def named(field: FieldInfo) -> bool:
    """Whether a field holds several sections, by names of the reader's choice (`phases`)."""
    return get_origin(field.annotation) is dict


def keys(model: type[BaseModel] = Recipe, prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every dotted key of a recipe that holds a value, in order; of named sections the first."""
    for name, field in model.model_fields.items():
        inner = section_of(field.annotation)
        if inner is None or named(field):
            yield prefix + name, field
        else:
            yield from keys(inner, f"{prefix}{name}.")


def choices(field: FieldInfo) -> tuple[str, ...]:
    """The words a field chooses from; empty when it is not a choice."""
    return get_args(field.annotation) if get_origin(field.annotation) is Literal else ()


def allowed(field: FieldInfo) -> str:
    """What a field accepts, in words."""
    if words := choices(field):
        return f"one of {', '.join(words)}"
    if named(field):
        inner = section_of(field.annotation)
        sections = ", ".join(f"`{name}`" for name in inner.model_fields) if inner else ""
        return f"sections by names of your own, in each any of {sections}"
    parts = [field.annotation]
    if get_origin(field.annotation) in (Union, UnionType):
        parts = [part for part in get_args(field.annotation) if part is not type(None)]
    parts = [getattr(part, "__origin__", part) for part in parts]  # without the annotations
    kind = "a path" if Path in parts else _TYPES[parts[0]]  # type: ignore[index]
    bounds = [
        f"{word} {getattr(constraint, name):,}"
        for constraint in field.metadata
        for name, word in _BOUNDS.items()
        if getattr(constraint, name, None) is not None
    ]
    text = f"{kind}, {' and '.join(bounds)}" if bounds else kind
    return f"{text}, or null" if type(None) in get_args(field.annotation) else text


def complaint(error: Mapping[str, Any], name: str, places: Mapping[str, str]) -> str:
    """One line for one error of pydantic: where, which key, what is wrong, what is allowed.

    `places` maps a dotted key to where it was written (file and line, or the override).
    """
    key = _key(error)
    where = places.get(key.removesuffix(".[key]"), name)
    if error["type"] == "impossible":
        return f"{where}: {key}: {error['msg']}"
    if error["type"] == "extra_forbidden":
        return f"{where}: {_unknown(key)}"
    if key == "phases" or key.endswith(".[key]"):
        return f"{where}: {key.removesuffix('.[key]')}: {_NAMES}"
    field = _field(key)
    if error["type"] == "missing":
        return f"{name}: {_missing(key, field)}"
    if field is None or section_of(field.annotation) is not None:
        return f"{where}: {key} is a section; write its keys below it, indented: {_names(key)}"
    value = error["input"]
    near = get_close_matches(str(value), choices(field), n=1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return f"{where}: {key} is {_shown(value)}{hint}; allowed: {allowed(field)}"


_NAMES = (
    "phases are sections below one another, `likelihood: {training: {…}}`, each by a name of "
    "letters, digits, - and _, at most 40"
)


def _key(error: Mapping[str, Any]) -> str:
    """The dotted key that an error is about; a section says which of its own, a phase which one."""
    place = [str(part) for part in error["loc"]]
    own = error.get("ctx", {}).get("key")
    if own is None:
        return ".".join(place)
    inside = place[:2] if place[:1] == ["phases"] else []
    return ".".join([*inside, str(own)])


def _field(key: str) -> FieldInfo | None:
    model: type[BaseModel] | None = Recipe
    field = None
    several = False
    for name in key.split("."):
        if several:  # a name of the reader's choice
            several = False
            continue
        field = model.model_fields.get(name) if model else None
        model = section_of(field.annotation) if field else None
        several = field is not None and named(field)
    return field


def _names(section: str) -> str:
    field = _field(section)
    model = section_of(field.annotation) if field else Recipe
    return ", ".join(model.model_fields) if model else ""


def _unknown(key: str) -> str:
    section, _, last = key.rpartition(".")
    valid = _names(section)
    elsewhere = [dotted for dotted, _ in keys() if dotted.rpartition(".")[2] == last]
    close = get_close_matches(last, valid.split(", "), n=1)
    near = elsewhere or [f"{section}.{name}".lstrip(".") for name in close]
    hint = f"; did you mean {near[0]}?" if near else "."
    return f"unknown key {key}{hint} Valid keys{f' of {section}' if section else ''}: {valid}"


def _missing(key: str, field: FieldInfo | None) -> str:
    inner = section_of(field.annotation) if field else None
    example = key if inner is None else next(dotted for dotted, _ in keys(inner, f"{key}."))
    kind = allowed(field).removesuffix(", or null") if field and inner is None else "a section"
    return f"{key} is missing: {kind} is needed; write it there, or say --set {example}=…"


def _shown(value: Any) -> str:
    text = _YAML_WORDS[value] if value is None or isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def markdown() -> str:
    """`docs/recipe.md`: every key with its default, what it allows and what it means."""
    parts = [_HEAD, "| key | default | allowed | meaning |\n|---|---|---|---|\n"]
    parts += [_row(key, field) for key, field in keys()]
    return "".join(parts)


def _row(key: str, field: FieldInfo) -> str:
    section = _field(key.rpartition(".")[0])
    optional = section is not None and not section.is_required()
    default = "needed" if field.is_required() else f"`{_default(field.default)}`"
    if field.is_required() and optional:
        default = "none"
    meaning = " ".join(
        part.description for part in (section, field) if part is not None and part.description
    )
    return f"| `{key}` | {default} | {allowed(field)} | {meaning} |\n"


def _default(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return _YAML_WORDS[value]
    return str(value) or '""'


_HEAD = """\
# Recipes

A recipe is a YAML file that describes a run; `latimer train` reads it. Every key below has a
default except the files to learn from. `--set training.max_minutes=5` changes one key for one run.
Recipes that come with Latimer are found by their names: `latimer train small`.

Numbers and words follow YAML 1.2: `no` is a language, `1e-3` a number. An unknown key, a wrong
type, an impossible combination or a setting of an objective that the run does not have is refused
before anything is read or trained.

This page is generated from `latimer.recipe`.

"""
