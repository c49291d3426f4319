"""The typed description of a run: a recipe, read from YAML.

Every key has a type, a unit and a default; a wrong one is refused with the file, the key and what
is allowed. `docs/reference/recipe.md` is generated from the descriptions in the sections.
"""

from latimer.recipe.data import TextPair
from latimer.recipe.reading import (
    build_recipe,
    dump_recipe,
    load_any_recipe,
    load_recipe,
    override_recipe,
    recipe_names,
)
from latimer.recipe.recipe import Recipe

__all__ = [
    "Recipe",
    "TextPair",
    "build_recipe",
    "dump_recipe",
    "load_any_recipe",
    "load_recipe",
    "override_recipe",
    "recipe_names",
]
