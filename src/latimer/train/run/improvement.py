"""From a model's folder to the recipe of a run that goes on from it."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

from latimer.errors import InputError
from latimer.model.config import TextFacts
from latimer.model.kinds import check_kind
from latimer.model.neural import NeuralConfig
from latimer.model.reading import CONFIG, read_config
from latimer.recipe.objectives import OBJECTIVES
from latimer.strict_yaml import parse


def improvement(
    model: Path, objective: str, minutes: float, seed: int, run: Path | None = None
) -> dict[str, Any]:
    """The recipe, as nested dicts, that goes on from `model`: its own network, text and subwords.

    Its learning rate is that of `steady_rate`, or of the folder `run` where that holds a run, which
    may be given more minutes and stays the run it was. Raises InputError for a folder that holds no
    model that `latimer train` made and for an unknown objective.
    """
    if objective not in OBJECTIVES:
        raise InputError(f"--objective {objective}: choose one of {', '.join(OBJECTIVES)}")
    config = _config_of(model)
    vocabulary = config.vocabulary
    return {
        "seed": seed,
        "start": str(model),
        "data": {
            "train": _files(model, "train", config.data.train),
            "dev": _files(model, "dev", config.data.dev),
            "source_language": config.languages.source,
            "target_language": config.languages.target,
        },
        "subwords": {
            "kind": vocabulary.kind,
            "size": max(8, vocabulary.source_size, vocabulary.target_size),
            "joint": vocabulary.joint,
            "placeholders": vocabulary.placeholders,
            "model": str(model),
        },
        "model": config.network.model_dump(mode="json"),
        "training": {
            **TRAINING,
            "max_minutes": float(minutes),
            "learning_rate": _begun_rate(run) or steady_rate(minutes),
        },
        "objective": {"kind": objective},
        **deepcopy(DEFAULTS.get(objective, {})),
        "search": config.search.model_dump(mode="json"),
    }


def _config_of(model: Path) -> NeuralConfig:
    best = model / "models" / "best"
    if best.is_dir() and not (model / CONFIG).exists():
        raise InputError(f"{model}: a run, not a model; name the folder of a model, here {best}")
    config = read_config(model, NeuralConfig)
    check_kind(model, config.kind, "translator", "language_model")
    return config


def _files(model: Path, part: str, facts: TextFacts | None) -> dict[str, Any]:
    if facts is None:
        raise InputError(
            f"{model / CONFIG}: data.{part} is missing, so its text is not known; "
            "name a model that `latimer train` made"
        )
    return facts.model_dump(mode="json", exclude={"pairs"})


def steady_rate(minutes: float) -> float:
    """2e-4 for up to five minutes, and less by the root of the time for longer.

    What chance does to weights grows with the rate and the root of the number of updates, what a
    reward teaches with the rate and their number: with this the first stays as much.
    """
    return float(f"{2e-4 * min(1.0, (5.0 / minutes) ** 0.5):.2g}")


def _begun_rate(run: Path | None) -> float | None:
    """The learning rate of the run in that folder; None where there is none that can be read."""
    if run is None:
        return None
    path = run / "recipe.yaml"
    try:
        tree, _ = parse(path.read_text(encoding="utf-8"), str(path))
        return float(tree["training"]["learning_rate"])
    except (OSError, ValueError, KeyError, TypeError, InputError):
        return None


DEFAULTS: dict[str, dict[str, Any]] = {
    # Label smoothing leaves much to tokens that no good translation has: what is drawn at 1 is far
    # from what search finds, and learning from it sharpens the policy before it betters search.
    # Rewards to go have the gradient of whole scores in the mean, and 0.6 of its noise.
    "reinforce": {"objective": {"kind": "reinforce", "temperature": 0.5, "baseline": "to_go"}},
    "minimum_risk": {"objective": {"kind": "minimum_risk", "temperature": 0.5}},
    "ppo": {"objective": {"kind": "ppo", "temperature": 0.5}},
    # Right in the mean whatever the critic says; returns teach a critic the quickest. In minutes
    # of one core there are a hundred updates or two, so that the critic cannot be alone for long.
    "actor_critic": {
        "objective": {"kind": "actor_critic", "temperature": 0.5},
        "critic": {
            "target": "monte_carlo",
            "gradient": "corrected",
            "rate": 20.0,
            "pretraining": 30,
        },
    },
    # What guides search values what the translator would go on with, once and near its best.
    "critic": {
        "objective": {"kind": "critic", "temperature": 0.5, "samples": 1},
        "critic": {"reads": "source", "target": "monte_carlo", "rate": 20.0},
    },
    "mixer": {"objective": {"kind": "mixer", "baseline": "learned", "mixer_delta_updates": 50}},
}
"""Sections of the recipe where those of the recipe itself are not the best for an objective."""

TRAINING: dict[str, Any] = {
    "batch_tokens": 1000, "warmup": 20, "schedule": "constant", "cooldown": 0.5, "patience": None,
    "validate_every": 50, "average": 3, "extrapolation": 1.5,
}  # fmt: skip
"""What goes on from a model that has converged takes smaller steps and looks more often."""
