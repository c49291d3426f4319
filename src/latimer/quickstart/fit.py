"""The recipe of a quickstart, fitted to its text and to the time that the user gives."""

from __future__ import annotations

import json

from latimer.quickstart import corpus
from latimer.quickstart.plan import Plan
from latimer.quickstart.sizing import fitted
from latimer.recipe import Recipe, load_recipe
from latimer.text.corpus.prepare import Prepared
from latimer.train.loop.log import Report


def recipe_for(plan: Plan, prepared: Prepared) -> Recipe:
    """The quickstart's recipe, fitted to the text; the user's minutes replace its updates."""
    settings: dict[str, object] = {
        "seed": plan.seed,
        "data.source_language": plan.languages.source,
        "data.target_language": plan.languages.target,
    }
    for part in ("train", "dev"):
        source, target = corpus.text_files(plan.out / "corpus", part, plan.languages)
        settings |= {f"data.{part}.source": str(source), f"data.{part}.target": str(target)}
    if plan.threads:
        settings["training.threads"] = plan.threads
    whole = _loaded(settings).training
    assert whole.max_updates is not None
    settings |= fitted(prepared.train, whole.batch_tokens, whole.max_updates)
    if plan.minutes is not None:
        settings |= {"training.max_minutes": plan.minutes, "training.max_updates": None}
    return _loaded(settings)


def _loaded(settings: dict[str, object]) -> Recipe:
    # JSON is YAML in which no part of a path can be mistaken for syntax.
    return load_recipe("quickstart", [f"{key}={json.dumps(v)}" for key, v in settings.items()])


def longer_recipe(recipe: Recipe, last: Report | None, minutes: float) -> Recipe | None:
    """The recipe with `minutes` more; None if an earlier run has already used them."""
    training, spent = recipe.training, last.seconds / 60 if last else 0.0
    updates, limit = training.max_updates, training.max_minutes
    more_updates = updates is not None and last is not None and last.update > updates
    if more_updates or (limit is not None and spent > limit + minutes / 2):
        return None
    changes = {"max_minutes": spent + minutes, "max_updates": None}
    return recipe.model_copy(update={"training": training.model_copy(update=changes)})
