"""Translators of the engine `neural` from model folders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from latimer.engines.engine import Engine
from latimer.engines.neural.engine import NeuralEngine, Working
from latimer.engines.neural.noisy_channel import NoisyChannel, NoisyChannelEngine
from latimer.engines.neural.options import NeuralOptions
from latimer.engines.neural.scorers import Fusion
from latimer.engines.text_translator import TextTranslator
from latimer.errors import InputError, SettingError
from latimer.model.folder import Model, load_language_model, load_translator


def load(folder: str | Path, **options: Any) -> TextTranslator:
    """The translator in a model folder; `options` are those of `NeuralOptions`.

    Raises InputError naming the file that is missing, damaged or foreign, or the option.
    """
    try:
        chosen = NeuralOptions(**options)
    except SettingError as error:
        raise error.within("engine") from None
    return TextTranslator(_engine(Path(folder), chosen), refuses=chosen.too_long == "refuse")


def _engine(folder: Path, options: NeuralOptions) -> Engine:
    direct = load_translator(folder, options.device)
    others = [load_translator(one, options.device) for one in options.ensemble]
    named = [folder, *options.ensemble, options.language_model, options.reverse]
    fluent = None
    if options.language_model is not None:
        fluent = load_language_model(options.language_model, options.device)
    working = Working(options.threads, options.precision, options.shortlist, options.batch_tokens)
    try:
        if options.reverse is None:
            return NeuralEngine(
                direct, *others, fusion=_fusion(fluent, options.language_model_weight),
                working=working,
            )  # fmt: skip
        reverse = load_translator(options.reverse, options.device)
        channel = _channel(direct, reverse, fluent, options)
        return NoisyChannelEngine(NeuralEngine(direct, working=working), channel)
    except InputError as error:
        raise _of_folders(error, named) from error


def _fusion(language_model: Model | None, weight: float | None) -> Fusion | None:
    if language_model is None:
        return None
    return Fusion(language_model) if weight is None else Fusion(language_model, weight)


def _channel(
    direct: Model, reverse: Model, language_model: Model | None, options: NeuralOptions
) -> NoisyChannel:
    weight = 1.0 if options.channel_weight is None else options.channel_weight
    fluency = options.language_model_weight
    return NoisyChannel(
        direct, reverse, language_model, channel_weight=weight,
        language_weight=weight if fluency is None else fluency,
    )  # fmt: skip


def _of_folders(error: InputError, named: Sequence[Path | None]) -> InputError:
    """The error with the folders of several models, of which it does not know the names."""
    folders = [str(one) for one in named if one is not None]
    if len(folders) == 1 or isinstance(error, SettingError):
        return error
    return InputError(f"{', '.join(folders)}: {error}")
