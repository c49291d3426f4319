"""Translators of the engine `phrases` from model folders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from latimer.engines.phrases.options import PhrasesOptions
from latimer.engines.text_translator import TextTranslator
from latimer.errors import SettingError
from latimer.extras import require


def load(folder: str | Path, **options: Any) -> TextTranslator:
    """The translator in a model folder; `options` are those of `PhrasesOptions`.

    Raises InputError naming the file that is missing, damaged or foreign, or the option, and
    LatimerError without the extra `statistical`.
    """
    require("numba", "statistical", folder)
    from latimer.engines.phrases.engine import PhraseEngine
    from latimer.engines.phrases.folder import load_model

    try:
        chosen = PhrasesOptions(**options)
    except SettingError as error:
        raise error.within("engine") from None
    return TextTranslator(PhraseEngine(load_model(folder), chosen.threads))
