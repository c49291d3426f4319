"""Phases of a recipe: what each takes from the recipe's own sections, and in which order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pydantic_core import PydanticCustomError

from latimer.recipe.section import impossible

if TYPE_CHECKING:
    from latimer.recipe.recipe import Phase, Recipe
    from latimer.recipe.training import Training

BY_REFERENCES = ("likelihood", "scheduled_sampling")
"""Objectives that learn from references, and need no translator to start from."""

WITH_CRITIC = ("critic", "actor_critic")
"""Objectives that learn a critic, which the next phase goes on with if it has one too."""


def check_training(training: Training) -> None:
    """Refuse a training that never ends, or whose learning rate cannot be."""
    limits = (
        training.max_minutes, training.max_epochs, training.max_updates, training.patience
    )  # fmt: skip
    if all(limit is None for limit in limits):
        raise impossible(
            "training.patience",
            "nothing ends the training; "
            "set one of patience, max_minutes, max_epochs and max_updates",
        )
    if training.max_updates is not None and training.warmup > training.max_updates:
        raise impossible(
            "training.warmup",
            f"{training.warmup} updates of warm-up do not fit into "
            f"training.max_updates ({training.max_updates})",
        )
    if training.schedule == "inverse_sqrt" and training.warmup == 0:
        raise impossible(
            "training.warmup", "0 does not go with the inverse_sqrt schedule; try 1000"
        )


def check_alone(recipe: Recipe) -> None:
    """Refuse an objective that cannot be that of a whole run."""
    kind = recipe.objective.kind
    if kind == "critic" and recipe.critic.reads != "source":
        raise impossible(
            "objective.kind",
            "critic is for a phase before one of actor_critic; without phases, set actor_critic, "
            "and critic.pretraining above 0, or critic.reads source for a critic to search with",
        )
    if kind in BY_REFERENCES:
        return
    if recipe.start is None:
        raise impossible("start", f"objective.kind {kind} improves a translator: name its folder")
    if recipe.model.kind == "language_model":
        raise impossible("objective.kind", f"{kind} does not go with model.kind language_model")
    if kind == "critic":
        _check_bounded(recipe.training, "")
    _check_acts(recipe, "")


def fill_phases(tree: dict[str, Any], sections: Iterable[str]) -> dict[str, Any]:
    """`tree` with what each phase leaves open taken from the recipe's own sections."""
    phases = tree.get("phases")
    if not isinstance(phases, dict):
        return tree
    filled, before = {}, ""
    for name, phase in phases.items():
        filled[name] = phase = _filled(phase, tree, sections)
        if not isinstance(phase, dict):
            continue
        told = (phases[name] or {}).get("critic") or {}
        objective, critic = phase.get("objective"), phase.get("critic")
        if before in WITH_CRITIC and isinstance(critic, dict) and "pretraining" not in told:
            phase["critic"] = {**critic, "pretraining": 0}
        before = objective.get("kind", "") if isinstance(objective, dict) else ""
    return {**tree, "phases": filled}


def _filled(phase: Any, tree: dict[str, Any], sections: Iterable[str]) -> Any:
    """A phase as it was written, or with the recipe's sections below its own."""
    if not isinstance(phase, dict | None):
        return phase
    filled = dict(phase or {})
    for section in sections:
        own, general = filled.get(section), tree.get(section)
        if own is None:
            own = {}
        if isinstance(own, dict) and isinstance(general, dict):
            filled[section] = {**general, **own}
        else:
            filled[section] = own
    return filled


def check_phases(recipe: Recipe) -> None:
    """Refuse phases that make no sense in their order; PydanticCustomError names phase and key."""
    learnt = recipe.start is not None
    phases = list(recipe.phases.items())
    for (name, phase), following in zip(phases, [*phases[1:], None], strict=True):
        key, kind = f"phases.{name}.objective.kind", phase.objective.kind
        try:
            check_training(phase.training)
        except PydanticCustomError as error:
            context = error.context or {}
            raise impossible(f"phases.{name}.{context['key']}", context["why"]) from error
        if kind not in BY_REFERENCES:
            if recipe.model.kind == "language_model":
                raise impossible(key, f"{kind} does not go with model.kind language_model")
            if not learnt:
                raise impossible(
                    key,
                    f"{kind} improves a translator and there is none yet: put a phase of "
                    "likelihood before it, or name a model's folder as start",
                )
        learnt = True
        _check_acts(phase, f"phases.{name}.")
        if kind == "critic":
            _check_pretraining(name, phase, following)
        if following and {kind, following[1].objective.kind} <= {*WITH_CRITIC}:
            _check_same_critic(name, phase, *following)


def _check_pretraining(name: str, phase: Phase, following: tuple[str, Phase] | None) -> None:
    """Refuse a phase in which the critic learns alone, but for nobody, or without end."""
    key, remedy = f"phases.{name}.objective.kind", "let a phase of actor_critic follow it"
    if following is None and phase.critic.reads != "source":
        raise impossible(
            key,
            "nothing uses a critic of the last phase that reads the reference; "
            f"{remedy}, or set critic.reads source for a critic to search with",
        )
    if following is not None and (kind := following[1].objective.kind) not in WITH_CRITIC:
        lost = f"the critic is lost in the next phase, {following[0]} ({kind})"
        raise impossible(key, f"{lost}; {remedy}")
    _check_bounded(phase.training, f"phases.{name}.")


def _check_acts(part: Recipe | Phase, prefix: str) -> None:
    """Refuse an actor–critic whose actor would never act."""
    updates, pretraining = part.training.max_updates, part.critic.pretraining
    if part.objective.kind == "actor_critic" and updates is not None and pretraining >= updates:
        raise impossible(
            f"{prefix}critic.pretraining",
            f"{pretraining} updates in which the actor stays as it is leave it none of "
            f"training.max_updates ({updates})",
        )


def _check_bounded(training: Training, prefix: str) -> None:
    """Refuse a critic that learns alone without end."""
    if training.max_minutes is training.max_epochs is training.max_updates is None:
        raise impossible(
            f"{prefix}training.max_updates",
            "no score ends a phase in which the translator stays as it is; set max_updates, "
            "max_epochs or max_minutes",
        )


def _check_same_critic(name: str, phase: Phase, after: str, following: Phase) -> None:
    """Refuse a critic that cannot go on in the next phase."""
    for part in ("reads", "which_head", "embedding", "size"):
        mine, theirs = getattr(phase.critic, part), getattr(following.critic, part)
        if mine != theirs:
            raise impossible(
                f"phases.{after}.critic.{part.removeprefix('which_')}",
                f"{theirs} is another network than the critic of phase {name} ({mine}), which "
                "goes on here; make them equal",
            )
