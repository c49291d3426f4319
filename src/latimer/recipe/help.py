"""What each key of a recipe means and allows: for complaints and `docs/reference/recipe.md`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from latimer.errors import SettingError, shown
from latimer.recipe.objectives.kinds import OBJECTIVES, kinds_with
from latimer.recipe.phrases import PhrasesRecipe
from latimer.recipe.recipe import Recipe
from latimer.search.strategies import STRATEGIES
from latimer.settings import allowed as allowed_value
from latimer.settings import choices

Root = type[Recipe] | type[PhrasesRecipe]
RECIPES: dict[str, Root] = {"neural": Recipe, "phrases": PhrasesRecipe}
"""The kinds of recipes, by the engine whose models they make."""


def sections_of(annotation: Any) -> tuple[type[BaseModel], ...]:
    """The sections that a field holds: several where keys depend on a kind, none for a value."""
    parts = (annotation, *get_args(annotation))
    return tuple(part for part in parts if isinstance(part, type) and issubclass(part, BaseModel))


def named(field: FieldInfo) -> bool:
    """Whether a field holds several sections, by names of the reader's choice (`phases`)."""
    return get_origin(field.annotation) is dict


def keys(model: type[BaseModel] = Recipe, prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every dotted key of a recipe that holds a value, in order; of named sections the first."""
    for name, field in model.model_fields.items():
        inner = _usable(model, sections_of(field.annotation))
        if not inner or named(field):
            yield prefix + name, field
            continue
        for key, own in _fields(inner).items():
            if sections_of(own.annotation):
                yield from keys(sections_of(own.annotation)[0], f"{prefix}{name}.{key}.")
            else:
                yield f"{prefix}{name}.{key}", own


def _usable(
    model: type[BaseModel], sections: tuple[type[BaseModel], ...]
) -> tuple[type[BaseModel], ...]:
    """The sections without those that are for the models of another engine."""
    own = model.model_fields["engine"].default if "engine" in model.model_fields else None
    return tuple(one for one in sections if own in (None, getattr(one, "engine", own)))


def _fields(sections: tuple[type[BaseModel], ...]) -> dict[str, FieldInfo]:
    """The fields of a section, or of all its kinds."""
    fields: dict[str, FieldInfo] = {}
    for section in reversed(sections):
        fields = {**section.model_fields, **fields, **section.model_fields}
    if len(sections) == 1:
        return fields
    fields.pop("kind", None)
    return {"kind": _kind_of(sections), **fields}


def _kind_of(sections: tuple[type[BaseModel], ...]) -> FieldInfo:
    """The key that says which of several sections it is; the first is the usual one."""
    kinds = {section.model_fields["kind"].default: section for section in sections}
    return FieldInfo(
        annotation=Literal[tuple(kinds)],  # type: ignore[arg-type]
        default=next(iter(kinds)),
        description=" ".join(
            f"`{kind}`: {(section.__doc__ or '').splitlines()[0]}"
            for kind, section in kinds.items()
        ),
    )


def allowed(field: FieldInfo) -> str:
    """What a field accepts, in words."""
    if not named(field):
        return allowed_value(field)
    inner = sections_of(field.annotation)
    sections = ", ".join(f"`{name}`" for part in inner for name in part.model_fields)
    return f"sections by names of your own, in each any of {sections}"


def complaint(
    error: Mapping[str, Any], name: str, places: Mapping[str, str], root: Root = Recipe
) -> str:
    """One line for one error of pydantic: where, which key, what is wrong, what is allowed.

    `places` maps a dotted key to where it was written (file and line, or the override); `root` is
    the kind of recipe.
    """
    stated = error.get("ctx", {}).get("error")
    if isinstance(stated, SettingError):
        section = str(error["loc"][0])
        name = stated.field.rpartition(".")[2]
        key = section if stated.field == section else f"{section}.{name}"
        stated = SettingError(key, stated.value, stated.reason)
        return f"{_where(key, name, places)}: {stated}"
    key, kind = _key(error)
    where = _where(key.removesuffix(".[key]"), name, places)
    if error["type"] == "impossible":
        return f"{where}: {key}: {error['ctx']['why']}"
    if error["type"] == "extra_forbidden":
        return f"{where}: {_unknown(key, kind, root)}"
    if key == "phases" or key.endswith(".[key]"):
        return f"{where}: {key.removesuffix('.[key]')}: {_NAMES}"
    if error["type"].startswith("union_tag"):
        key, value = f"{key}.kind", error["input"].get("kind")
        kinds = _field(key, root)
        assert kinds is not None
        return f"{_where(key, name, places)}: {_not_allowed(key, kinds, value)}"
    field = _field(key, root)
    if error["type"] == "missing":
        return f"{name}: {_missing(key, field)}"
    if field is None or sections_of(field.annotation):
        return (
            f"{where}: {key} is a section; write its keys below it, indented: {_names(key, root)}"
        )
    return f"{where}: {_not_allowed(key, field, error['input'])}"


def _not_allowed(key: str, field: FieldInfo, value: Any) -> str:
    near = get_close_matches(str(value), choices(field), n=1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return f"{key} is {shown(value)}{hint}; allowed: {allowed(field)}"


def _where(key: str, name: str, places: Mapping[str, str]) -> str:
    """Where a key was written; a key of a phase may have come from the recipe's own section."""
    general = key.split(".", 2)[2] if key.startswith("phases.") and key.count(".") > 1 else key
    return places.get(key) or places.get(general) or name


_NAMES = (
    "phases are sections below one another, `likelihood: {training: {…}}`, each by a name of "
    "letters, digits, - and _, at most 40"
)


def _key(error: Mapping[str, Any]) -> tuple[str, str | None]:
    """The dotted key that an error is about, and the kind of objective that it stands in, if any.

    A section says which of its own, a phase which one.
    """
    place = [str(part) for part in error["loc"]]
    kind = None
    at = 2 if place[:1] == ["phases"] else 0
    if place[at : at + 1] == ["objective"] and len(place) > at + 1:
        kind = place.pop(at + 1)
    own = error.get("ctx", {}).get("key")
    if own is None:
        return ".".join(place), kind
    inside = place[:2] if place[:1] == ["phases"] else []
    return ".".join([*inside, str(own)]), kind


def _field(key: str, root: Root) -> FieldInfo | None:
    sections: tuple[type[BaseModel], ...] = (root,)
    field = None
    several = False
    for name in key.split("."):
        if several:  # a name of the reader's choice
            several = False
            continue
        field = _fields(sections).get(name)
        sections = _usable(root, sections_of(field.annotation)) if field else ()
        several = field is not None and named(field)
    return field


def _names(section: str, root: Root) -> str:
    field = _field(section, root)
    sections = _usable(root, sections_of(field.annotation)) if field else (root,)
    return ", ".join(_fields(sections))


def _unknown(key: str, kind: str | None, root: Root) -> str:
    section, _, last = key.rpartition(".")
    valid, of = _names(section, root), f" of {section}" if section else ""
    if kind is not None:
        valid, of = ", ".join(OBJECTIVES[kind].model_fields), f" of objective {kind}"
        if others := kinds_with(last):
            return (
                f"objective {kind} has no key {last}; it belongs to {', '.join(others)}. "
                f"Valid keys{of}: {valid}"
            )
    elsewhere = [dotted for dotted, _ in keys(root) if dotted.rpartition(".")[2] == last]
    close = get_close_matches(last, valid.split(", "), n=1)
    near = elsewhere or [f"{section}.{name}".lstrip(".") for name in close]
    hint = f"; did you mean {near[0]}?" if near else "."
    return f"unknown key {key}{hint} Valid keys{of}: {valid}"


def _missing(key: str, field: FieldInfo | None) -> str:
    inner = sections_of(field.annotation) if field else ()
    example = next(dotted for dotted, _ in keys(inner[0], f"{key}.")) if inner else key
    kind = allowed(field).removesuffix(", or null") if field and not inner else "a section"
    return f"{key} is missing: {kind} is needed; write it there, or say --set {example}=…"


def markdown() -> str:
    """`docs/reference/recipe.md`: every key with its default, what it allows and what it means."""
    parts = [_HEAD]
    for engine, root in RECIPES.items():
        parts += [f"## {_TITLES[engine]}\n\n", _TABLE]
        parts += [_row(key, field, root) for key, field in keys(root)]
        parts.append("\n")
    return "".join(parts).rstrip() + "\n"


_TITLES = {
    "neural": "Networks (`engine: neural`)",
    "phrases": "Phrases (`engine: phrases`)",
}
_TABLE = "| key | default | allowed | meaning |\n|---|---|---|---|\n"


_KINDS: dict[str, Mapping[str, type[BaseModel]]] = {
    "objective": OBJECTIVES,
    "search": STRATEGIES,
}
"""Sections that have several kinds."""


def _kinds(key: str, root: Root) -> str:
    """Which kinds of objective have the key, in words; empty if all have, or it is none's."""
    section, _, name = key.rpartition(".")
    kinds = {
        kind: settings
        for kind, settings in _KINDS.get(section, {}).items()
        if _usable(root, (settings,))
    }
    having = [kind for kind, settings in kinds.items() if name in settings.model_fields]
    return "" if len(having) in (0, len(kinds)) else f" (`{'`, `'.join(having)}`)"


def _row(key: str, field: FieldInfo, root: Root) -> str:
    section = _field(key.rpartition(".")[0], root)
    optional = section is not None and not section.is_required()
    default = "needed" if field.is_required() else f"`{_default(field.default)}`"
    if field.is_required() and optional:
        default = "none"
    meaning = " ".join(
        part.description for part in (section, field) if part is not None and part.description
    )
    meaning = f"{meaning.removesuffix('.')}{kinds}." if (kinds := _kinds(key, root)) else meaning
    return f"| `{key}` | {default} | {allowed(field)} | {in_cell(meaning)} |\n"


def in_cell(text: str) -> str:
    """Text as a cell of a table, whose columns a bar would end."""
    return text.replace("|", r"\|")


def _default(value: Any) -> str:
    return shown(value) if value is None or isinstance(value, bool) else str(value) or '""'


_HEAD = """\
# Recipes

A recipe is a YAML file that describes a run; `latimer train` reads it. The key `engine` says what
kind of model it makes, and so which other keys it has. Every key below has a default except the
files to learn from. `--set training.max_minutes=5` changes one key for one run.
Recipes that come with Latimer are found by their names: `latimer train small`.

Numbers and words follow YAML 1.2: `no` is a language, `1e-3` a number. An unknown key, a wrong
type, an impossible combination or a setting of an objective that the run does not have is refused
before anything is read or trained.

This page is generated from `latimer.recipe`.

"""
