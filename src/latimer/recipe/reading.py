"""Recipes from YAML and from nested dicts, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from latimer import strict_yaml
from latimer.errors import InputError
from latimer.files import read_lines
from latimer.recipe.phrases import PhrasesRecipe
from latimer.recipe.recipe import Recipe
from latimer.recipe.renamed import check_renamed


def recipe_names() -> list[str]:
    """Names of the recipes that come with Latimer."""
    folder = resources.files("latimer") / "recipes"
    return sorted(
        entry.name.removesuffix(".yaml")
        for entry in folder.iterdir()
        if entry.name.endswith(".yaml")
    )


AnyRecipe = Recipe | PhrasesRecipe
"""What `latimer train` takes: a recipe of any engine."""


def load_any_recipe(path_or_name: str | Path, overrides: Sequence[str] = ()) -> AnyRecipe:
    """Read a recipe file, or one that comes with Latimer by its name, and apply `a.b=c` to it.

    Its key `engine` says which kind of recipe it is. Raises InputError, one line naming file or
    override, key and what is allowed.
    """
    tree, name, places = _tree(path_or_name, overrides)
    engine = tree.get("engine", "neural")
    if engine == "phrases":
        return _build(PhrasesRecipe, tree, name, places)
    if engine == "neural":
        return _build(Recipe, tree, name, places)
    raise InputError(
        f"{places.get('engine', name)}: engine is {engine!r}; allowed: neural, phrases"
    )


def load_recipe(path_or_name: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """As `load_any_recipe`, of a network; raises InputError for a recipe of another engine."""
    tree, name, places = _tree(path_or_name, overrides)
    if (engine := tree.get("engine", "neural")) != "neural":
        where = places.get("engine", name)
        raise InputError(f"{where}: a recipe of the engine {engine}; one of a network is needed")
    return build_recipe(tree, name, places)


def _tree(
    path_or_name: str | Path, overrides: Sequence[str]
) -> tuple[dict[str, Any], str, dict[str, str]]:
    """A recipe as nested dicts, its name for messages, and where each dotted key stands."""
    name, text = _read(path_or_name)
    plain, lines = strict_yaml.parse(text, name)
    places = {key: f"{name}, line {line}" for key, line in lines.items()}
    if not isinstance(plain, dict | None):
        raise InputError(f"{name}: a recipe is made of sections such as `training:`")
    tree = plain or {}
    _override(tree, places, overrides)
    return tree, name, places


def override_recipe(
    tree: dict[str, Any], name: str, places: dict[str, str], overrides: Sequence[str]
) -> Recipe:
    """A recipe from nested dicts, with `a.b=c` applied; they are changed.

    Raises InputError as `load_recipe` does; `places` tells where each dotted key stands.
    """
    _override(tree, places, overrides)
    return build_recipe(tree, name, places)


def _override(tree: dict[str, Any], places: dict[str, str], overrides: Sequence[str]) -> None:
    for override in overrides:
        key, value = _parse_override(override)
        _set(tree, key, value, override)
        for end in range(key.count(".") + 1):
            places.setdefault(key.rsplit(".", end)[0], f"--set {override}")
        places[key] = f"--set {override}"


def build_recipe(
    tree: dict[str, Any], name: str = "recipe", places: dict[str, str] | None = None
) -> Recipe:
    """A recipe from nested dicts of plain values; `places` tells where each dotted key stands.

    Raises InputError as `load_recipe` does.
    """
    return _build(Recipe, tree, name, places or {})


R = TypeVar("R", Recipe, PhrasesRecipe)


def _build(of: type[R], tree: Mapping[str, Any], name: str, places: dict[str, str]) -> R:
    check_renamed(tree, name, places)
    # A section whose every key is commented out reads as null: it is empty, not wrong.
    filled = {
        key: {} if value is None and key not in ("seed", "start", "engine") else value
        for key, value in tree.items()
    }
    try:
        return of.model_validate(filled)
    except ValidationError as error:
        from latimer.recipe.help import complaint

        # A misspelt key first: it is why the right one is missing.
        first = min(error.errors(), key=lambda found: found["type"] != "extra_forbidden")
        raise InputError(complaint(first, name, places, of)) from error


def dump_recipe(recipe: AnyRecipe) -> str:
    """The recipe as YAML, every key written out; `load_recipe` reads it back equal."""
    return strict_yaml.dump(recipe.model_dump(mode="json"))


def _read(path_or_name: str | Path) -> tuple[str, str]:
    """Name for complaints, and text, of a recipe on disk or in the package."""
    path = Path(path_or_name)
    if path.is_file():
        return str(path), "\n".join(read_lines(path))
    packaged = recipe_names()
    if str(path_or_name) in packaged:
        file = resources.files("latimer") / "recipes" / f"{path_or_name}.yaml"
        return f"{path_or_name}.yaml", file.read_text(encoding="utf-8")
    raise InputError(
        f"{path_or_name}: no such recipe; give the path of a YAML file, "
        f"or one of these names: {', '.join(packaged)}"
    )


def _parse_override(override: str) -> tuple[str, Any]:
    key, equals, text = override.partition("=")
    key = key.strip()
    if not equals or not all(key.split(".")):
        raise InputError(f"--set {override}: write it as section.key=value")
    value, _ = strict_yaml.parse(text, f"--set {override}")
    if isinstance(value, dict | list):
        raise InputError(f"--set {override}: the value must be a single number, word or path")
    return key, value


def _set(tree: dict[str, Any], dotted: str, value: Any, override: str) -> None:
    *sections, last = dotted.split(".")
    for depth, section in enumerate(sections):
        if tree.get(section) is None:
            tree[section] = {}
        tree = tree[section]
        if not isinstance(tree, dict):
            outer = ".".join(sections[: depth + 1])
            raise InputError(f"--set {override}: {outer} is not a section")
    tree[last] = value
