"""Translators of the engine `apertium`, by the name of a pair or from a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from latimer.engines.apertium.engine import ApertiumEngine
from latimer.engines.apertium.modes import find_mode, modes_folders
from latimer.engines.apertium.options import ApertiumConfig, ApertiumOptions
from latimer.engines.text_translator import TextTranslator
from latimer.errors import SettingError
from latimer.model.reading import read_config


def load_pair(pair: str, **options: Any) -> TextTranslator:
    """The translator of a pair such as `en-es`; `options` are those of `ApertiumOptions`.

    Raises InputError for a pair that is not installed, naming the package, and for an option.
    """
    try:
        chosen = ApertiumOptions(**options)
    except SettingError as error:
        raise error.within("engine") from None
    mode = find_mode(pair, modes_folders(chosen.modes))
    return TextTranslator(ApertiumEngine(mode, chosen))


def load(folder: str | Path, **options: Any) -> TextTranslator:
    """The translator of a folder whose `config.json` has `"engine": "apertium"`."""
    config = read_config(folder, ApertiumConfig)
    pair = f"{config.languages.source}-{config.languages.target}"
    return load_pair(pair, **{"unknown": config.unknown, **options})
