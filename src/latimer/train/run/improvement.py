"""The recipe of `latimer improve`: a run that continues from a model's folder."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

from latimer.errors import InputError
from latimer.model.config import TextFacts
from latimer.model.kinds import check_kind
from latimer.model.neural import NeuralConfig, VocabularyFacts
from latimer.model.reading import CONFIG, read_config
from latimer.recipe.objectives import OBJECTIVES
from latimer.strict_yaml import parse


def improvement(
    model: Path, objective: str, minutes: float, seed: int, run: Path | None = None
) -> dict[str, Any]:
    """The recipe, as nested dicts, that improves `model` with its own network, text and subwords.

    The learning rate is `default_rate`, or that of the run in the folder `run`, so that a resumed
    run keeps its rate when it gets more minutes. Raises InputError for a folder without a
    translator and for an unknown objective.
    """
    if objective not in OBJECTIVES:
        raise InputError(f"objective {objective}: choose one of {', '.join(OBJECTIVES)}")
    config = _config_of(model)
    return {
        "seed": seed,
        "start": str(model),
        "data": _data(model, config),
        "subwords": _subwords(model, config.vocabulary),
        "model": config.network.model_dump(mode="json"),
        "training": {
            **TRAINING,
            "max_minutes": float(minutes),
            "learning_rate": _begun_rate(run) or default_rate(minutes),
        },
        "objective": {"kind": objective},
        **deepcopy(DEFAULTS.get(objective, {})),
        "search": config.search.model_dump(mode="json"),
        "constraints": config.constraints.model_dump(mode="json"),
    }


def _config_of(model: Path) -> NeuralConfig:
    best = model / "models" / "best"
    if best.is_dir() and not (model / CONFIG).exists():
        raise InputError(f"{model}: a run, not a model; name the folder of a model, here {best}")
    config = read_config(model, NeuralConfig)
    check_kind(model, config.kind, "translator", "language_model")
    return config


def _data(model: Path, config: NeuralConfig) -> dict[str, Any]:
    """Section `data`: the files and languages that the model was trained with."""
    return {
        "train": _files(model, "train", config.data.train),
        "dev": _files(model, "dev", config.data.dev),
        "source_language": config.languages.source,
        "target_language": config.languages.target,
    }


def _files(model: Path, part: str, facts: TextFacts | None) -> dict[str, Any]:
    if facts is None:
        raise InputError(
            f"{model / CONFIG}: data.{part} is missing, so its text is not known; "
            "name a model that `latimer train` made"
        )
    return facts.model_dump(mode="json", include={"source", "target"})


def _subwords(model: Path, vocabulary: VocabularyFacts) -> dict[str, Any]:
    """Section `subwords`: the vocabulary of the model."""
    return {
        "kind": vocabulary.kind,
        "size": max(8, vocabulary.source_size, vocabulary.target_size),
        "joint": vocabulary.joint,
        "placeholders": vocabulary.placeholders,
        "model": str(model),
    }


def default_rate(minutes: float) -> float:
    """The learning rate 2e-4 for up to five minutes, divided by √(minutes / 5) for longer runs.

    The noise in the weights grows with the rate and the square root of the number of updates. With
    this rule it does not depend on the length of the run.
    """
    return float(f"{2e-4 * min(1.0, (5.0 / minutes) ** 0.5):.2g}")


def _begun_rate(run: Path | None) -> float | None:
    """The learning rate of the run in that folder; None if there is no readable recipe."""
    if run is None:
        return None
    path = run / "recipe.yaml"
    try:
        tree, _ = parse(path.read_text(encoding="utf-8"), str(path))
        return float(tree["training"]["learning_rate"])
    except (OSError, ValueError, KeyError, TypeError, InputError):
        return None


DEFAULTS: dict[str, dict[str, Any]] = {
    # Label smoothing gives probability to tokens of no good translation. Samples at temperature 1
    # are far from the results of search, and learning from them mainly sharpens the policy.
    # The baseline `to_go` has the expected gradient of whole scores, and 0.6 of its noise.
    "reinforce": {"objective": {"kind": "reinforce", "temperature": 0.5, "baseline": "to_go"}},
    "minimum_risk": {"objective": {"kind": "minimum_risk", "temperature": 0.5}},
    "ppo": {"objective": {"kind": "ppo", "temperature": 0.5}},
    # The corrected gradient is unbiased for any critic, and Monte Carlo targets train a critic the
    # fastest. A few minutes on one core are one or two hundred updates, so pre-training is short.
    "actor_critic": {
        "objective": {"kind": "actor_critic", "temperature": 0.5},
        "critic": {
            "target": "monte_carlo",
            "gradient": "corrected",
            "rate": 20.0,
            "pretraining": 30,
        },
    },
    # A critic for search needs the value of one continuation close to the most probable one.
    "critic": {
        "objective": {"kind": "critic", "temperature": 0.5, "samples": 1},
        "critic": {"reads": "source", "target": "monte_carlo", "rate": 20.0},
    },
    "mixer": {"objective": {"kind": "mixer", "baseline": "learned", "mixer_delta_updates": 50}},
}
"""Sections of the recipe with better values for an objective than the defaults of a recipe."""

TRAINING: dict[str, Any] = {
    "batch_tokens": 1000, "warmup": 20, "schedule": "constant", "cooldown": 0.5, "patience": None,
    "validate_every": 50, "average": 3, "extrapolation": 1.5,
}  # fmt: skip
"""Settings for a model that has converged: smaller steps and more frequent validation."""
