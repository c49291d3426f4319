"""One model from several: the mean of their weights, or an extrapolation from their start."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from latimer.errors import InputError
from latimer.model.config import Scores
from latimer.model.folder import Model, load_model
from latimer.tensors import load_weights, weights_of
from latimer.train.checkpoint.averaging import extrapolated, mean_of

MAX_EXTRAPOLATION = 100.0


def average_models(
    folders: Sequence[Path], start: Path | None = None, extrapolation: float = 1.0
) -> Model:
    """The mean of the models in `folders`, trained from the same `start` (Wortsman et al. 2022).

    With a `start` θ₀ the weights are θ₀ + η (mean − θ₀), where η is `extrapolation`. Noise of the
    single runs averages out, so that η > 1 may be better than each of them (Zheng et al. 2024, for
    a single model). Everything but the weights is that of the first folder.

    Raises InputError for models with different networks or vocabularies, and for an impossible
    `extrapolation`.
    """
    if not (math.isfinite(extrapolation) and 0 < extrapolation <= MAX_EXTRAPOLATION):
        raise InputError(
            f"extrapolation: more than 0 and at most {MAX_EXTRAPOLATION:g} expected, "
            f"not {extrapolation:g}"
        )
    if start is None and extrapolation != 1:
        raise InputError(
            f"extrapolation {extrapolation:g} needs a start: name the model that all went on from"
        )
    if len(folders) < 2 and start is None:
        raise InputError("average: at least two models expected, or one and its start")
    models = [load_model(folder) for folder in folders]
    first = models[0]
    for model, folder in zip(models[1:], folders[1:], strict=True):
        _check_alike(first, folders[0], model, folder)
    weights = mean_of(weights_of(model.network) for model in models)
    if start is not None:
        origin = load_model(start)
        _check_alike(first, folders[0], origin, start)
        weights = extrapolated(weights_of(origin.network), weights, extrapolation)
    load_weights(first.network, weights)
    scores = Scores(models=len(folders), extrapolation=extrapolation)
    return replace(first, config=first.config.model_copy(update={"scores": scores}))


def _check_alike(first: Model, folder: Path, other: Model, theirs: Path) -> None:
    """Refuse models with another vocabulary or network, whose weights cannot be averaged."""
    ours, vocabulary = first.vocabulary, other.vocabulary
    if (vocabulary.source, vocabulary.target) != (ours.source, ours.target):
        raise InputError(
            f"{theirs}: another vocabulary than that of {folder}; average models trained from "
            "one start, as `latimer improve` does"
        )
    one, two = (model.config.network.model_dump(exclude={"dropout"}) for model in (first, other))
    if one != two:
        raise InputError(
            f"{theirs}: another network than that of {folder}; average models trained from "
            "one start, as `latimer improve` does"
        )
