"""Translators of the engine `combined` from model folders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from latimer.engines.combined.options import CombinedOptions
from latimer.engines.text_translator import TextTranslator
from latimer.errors import SettingError
from latimer.extras import require


def load(folder: str | Path, **options: Any) -> TextTranslator:
    """The translator in a model folder; `options` are those of `CombinedOptions`.

    Raises InputError naming the file that is missing, damaged or foreign, or the option, and
    LatimerError without the extra `statistical`.
    """
    require("numba", "statistical", folder)
    from latimer.engines.combined.assembly import engine_of
    from latimer.engines.combined.folder import load_models

    try:
        chosen = CombinedOptions(**options)
    except SettingError as error:
        raise error.within("engine") from None
    return TextTranslator(engine_of(load_models(folder, chosen.device), chosen))
