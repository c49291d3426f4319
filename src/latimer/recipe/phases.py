"""Phases of a recipe: what each takes from the recipe's own sections, and in which order."""

from __future__ import annotations

from typing import Annotated, Any, Protocol

from pydantic import Field

from latimer.recipe.critic import CriticSection
from latimer.recipe.objectives.kinds import (
    DEFAULT,
    OBJECTIVES,
    LikelihoodSettings,
    Objective,
    kinds_with,
)
from latimer.recipe.section import Section, impossible
from latimer.recipe.training import Training

PhaseName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$")]


class Phase(Section):
    """A part of a run: what it learns by, until when, and with which step sizes."""

    objective: Objective = LikelihoodSettings()
    critic: CriticSection = CriticSection()
    training: Training = Training()


class Part(Protocol):
    """A phase, or a recipe without phases."""

    @property
    def objective(self) -> Objective: ...
    @property
    def critic(self) -> CriticSection: ...
    @property
    def training(self) -> Training: ...


def check_training(training: Training, prefix: str = "") -> None:
    """Refuse a training without an end, or with an impossible learning rate schedule."""
    limits = (
        training.max_minutes, training.max_epochs, training.max_updates, training.patience
    )  # fmt: skip
    if all(limit is None for limit in limits):
        raise impossible(
            f"{prefix}training.patience",
            "nothing ends the training; "
            "set one of patience, max_minutes, max_epochs and max_updates",
        )
    if training.max_updates is not None and training.warmup > training.max_updates:
        raise impossible(
            f"{prefix}training.warmup",
            f"{training.warmup} updates of warm-up do not fit into "
            f"training.max_updates ({training.max_updates})",
        )
    if training.schedule == "inverse_sqrt" and training.warmup == 0:
        raise impossible(
            f"{prefix}training.warmup", "0 does not go with the inverse_sqrt schedule; try 1000"
        )


def check_alone(part: Part, *, started: bool, translates: bool) -> None:
    """Refuse an objective that cannot be that of a whole run.

    started: whether the run starts from a model; translates: whether its network is a translator.
    """
    objective, kind = part.objective, part.objective.kind
    if not objective.trains_translator and part.critic.reads != "source":
        raise impossible(
            "objective.kind",
            f"{kind} is for a phase before one of actor_critic; without phases, set actor_critic "
            "and critic.pretraining above 0, or critic.reads source for a critic to search with",
        )
    if objective.needs_start and not started:
        raise impossible(
            "start", f"objective.kind {kind} improves a trained translator: name its folder"
        )
    _check_translates(part, "", translates)
    _check_acts(part, "")
    _check_bounded(part, "")


def fill_phases(tree: dict[str, Any]) -> dict[str, Any]:
    """`tree` with what each phase leaves open taken from the recipe's own sections.

    Of the recipe's own `objective` a phase takes the keys that its kind has.
    """
    phases = tree.get("phases")
    if not isinstance(phases, dict) or not phases:
        return tree
    filled: dict[str, Any] = {}
    before: str | None = None
    for name, phase in phases.items():
        filled[name] = _filled(phase, tree, follows=before)
        before = _kind_of(filled[name])
    objective = tree.get("objective")
    if not isinstance(objective, dict):
        return {**tree, "phases": filled}
    return {**tree, "phases": filled, "objective": _left_over(objective, filled)}


def _filled(phase: Any, tree: dict[str, Any], *, follows: str | None) -> Any:
    """A phase with the recipe's sections below its own; `follows` is the kind of the one before."""
    if not isinstance(phase, dict | None):
        return phase
    own = {section: {} if keys is None else keys for section, keys in (phase or {}).items()}
    filled = dict(own)
    for section in Phase.model_fields:
        mine, general = own.get(section, {}), tree.get(section)
        filled[section] = mine
        if isinstance(mine, dict) and isinstance(general, dict):
            filled[section] = {**general, **mine}
    if isinstance(own.get("objective", {}), dict) and isinstance(tree.get("objective"), dict):
        filled["objective"] = _with_its_keys(own.get("objective", {}), filled["objective"])
    critic = filled["critic"]
    if _has_critic(follows) and isinstance(critic, dict):
        told = own.get("critic", {})
        filled["critic"] = critic if "pretraining" in told else {**critic, "pretraining": 0}
    return filled


def _with_its_keys(own: dict[str, Any], merged: dict[str, Any]) -> dict[str, Any]:
    """`merged` without the keys that are not the phase's `own` and that its kind has not."""
    settings = _settings_of(merged.get("kind", DEFAULT))
    if settings is None:
        return merged
    return {k: v for k, v in merged.items() if k in own or k in settings.model_fields}


def _left_over(objective: dict[str, Any], phases: dict[str, Any]) -> dict[str, Any]:
    """What remains of the recipe's own section: nothing, once phases have taken its keys.

    Refuses a key that no phase has taken.
    """
    if _settings_of(objective.get("kind", DEFAULT)) is None:
        return {"kind": objective["kind"]}  # refused with the section
    kinds = dict.fromkeys(_kind_of(phase) or DEFAULT for phase in phases.values())
    known = [settings for kind in kinds if (settings := _settings_of(kind)) is not None]
    for key in objective:
        if len(known) == len(kinds) and not any(key in one.model_fields for one in known):
            raise impossible(f"objective.{key}", _not_of(key, " or ".join(kinds)))
    return {}


def _not_of(key: str, kind: str) -> str:
    """One line on a key that an objective does not have."""
    others = kinds_with(key)
    there = f"it belongs to {', '.join(others)}" if others else "nor has any other"
    return f"objective {kind} has no key {key}; {there}"


def _settings_of(kind: Any) -> type[Any] | None:
    return OBJECTIVES.get(kind) if isinstance(kind, str) else None


def _kind_of(phase: Any) -> str | None:
    objective = phase.get("objective") if isinstance(phase, dict) else None
    kind = objective.get("kind", DEFAULT) if isinstance(objective, dict) else None
    return kind if isinstance(kind, str) else None


def _has_critic(kind: str | None) -> bool:
    settings = _settings_of(kind)
    return settings is not None and settings.has_critic


def check_phases(phases: dict[str, Phase], *, started: bool, translates: bool) -> None:
    """Refuse phases that make no sense in their order; PydanticCustomError names phase and key.

    started: whether the run starts from a model; translates: whether its network is a translator.
    """
    named = list(phases.items())
    for (name, phase), following in zip(named, [*named[1:], None], strict=True):
        prefix, objective = f"phases.{name}.", phase.objective
        check_training(phase.training, prefix)
        _check_translates(phase, prefix, translates)
        if objective.needs_start and not started:
            raise impossible(
                f"{prefix}objective.kind",
                f"{objective.kind} improves a trained translator, and there is none yet: put a "
                "phase of likelihood before it, or name a model's folder as start",
            )
        started = True
        _check_acts(phase, prefix)
        if not objective.trains_translator:
            _check_used(name, phase, following)
        _check_bounded(phase, prefix)
        if following and objective.has_critic and following[1].objective.has_critic:
            _check_same_critic(name, phase, *following)


def check_critic(places: dict[str, Part], parts: list[Part]) -> None:
    """Refuse a key of section `critic` that was changed although nothing in the run reads it.

    places: where sections stand, by their prefix (`""`, `phases.NAME.`); parts: what is run.
    """
    kinds = dict.fromkeys(part.objective.kind for part in parts)
    targets = dict.fromkeys(part.critic.target for part in parts if part.objective.has_critic)
    for prefix, place in places.items():
        for key, field in CriticSection.model_fields.items():
            value = getattr(place.critic, key)
            if value == field.default:
                continue
            if not targets:
                raise impossible(
                    f"{prefix}critic.{key}", f"objective {' or '.join(kinds)} trains no critic"
                )
            if key == "td_lambda" and "lambda_return" not in targets:
                raise impossible(
                    f"{prefix}critic.{key}",
                    f"{value} is for critic.target lambda_return, not {' or '.join(targets)}",
                )


def _check_used(name: str, phase: Phase, following: tuple[str, Phase] | None) -> None:
    """Refuse a phase that only trains a critic which nothing uses."""
    key, remedy = f"phases.{name}.objective.kind", "let a phase of actor_critic follow"
    if following is None and phase.critic.reads != "source":
        raise impossible(
            key,
            "nothing uses a critic of the last phase that reads the reference; "
            f"{remedy}, or set critic.reads source for a critic to search with",
        )
    if following is not None and not following[1].objective.has_critic:
        kind = following[1].objective.kind
        lost = f"the critic is not used in the next phase, {following[0]} ({kind})"
        raise impossible(key, f"{lost}; {remedy}")


def _check_translates(part: Part, prefix: str, translates: bool) -> None:
    """Refuse an objective for translators where the network is a language model."""
    if part.objective.needs_start and not translates:
        raise impossible(
            f"{prefix}objective.kind",
            f"{part.objective.kind} does not go with model.kind language_model",
        )


def _check_acts(part: Part, prefix: str) -> None:
    """Refuse an actor–critic in which only the critic would ever learn."""
    updates, pretraining, asked = part.training.max_updates, part.critic.pretraining, part.objective
    both = asked.has_critic and asked.trains_translator
    if both and updates is not None and pretraining >= updates:
        raise impossible(
            f"{prefix}critic.pretraining",
            f"{pretraining} updates of the critic alone leave the translator none of "
            f"training.max_updates ({updates})",
        )


def _check_bounded(part: Part, prefix: str) -> None:
    """Refuse a critic that learns alone without end."""
    training = part.training
    endless = training.max_minutes is training.max_epochs is training.max_updates is None
    if endless and not part.objective.trains_translator:
        raise impossible(
            f"{prefix}training.max_updates",
            "patience does not end a phase that leaves the translator as it is; set max_updates, "
            "max_epochs or max_minutes",
        )


def _check_same_critic(name: str, phase: Phase, after: str, following: Phase) -> None:
    """Refuse a critic that cannot go on in the next phase."""
    for part in ("reads", "which_head", "embedding", "size"):
        mine, theirs = getattr(phase.critic, part), getattr(following.critic, part)
        if mine != theirs:
            raise impossible(
                f"phases.{after}.critic.{part.removeprefix('which_')}",
                f"{theirs} differs from that of phase {name} ({mine}), whose critic is taken over; "
                "make them equal",
            )
