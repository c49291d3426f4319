"""Translators of the engine `rules` from their folders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from latimer.engines.rules.engine import RulesEngine
from latimer.engines.rules.options import RulesConfig, RulesOptions
from latimer.engines.rules.system import RuleSystem
from latimer.engines.text_translator import TextTranslator
from latimer.errors import SettingError
from latimer.model.reading import read_config


def read_system(folder: str | Path) -> RuleSystem:
    """The rule system in a folder; raises InputError as `load` does."""
    read_config(folder, RulesConfig)
    return RuleSystem(Path(folder))


def load(folder: str | Path, **options: Any) -> TextTranslator:
    """The translator in a rule folder; `options` are those of `RulesOptions`.

    Raises InputError naming the file and the line of a rule that cannot be used, or the option.
    """
    try:
        chosen = RulesOptions(**options)
    except SettingError as error:
        raise error.within("engine") from None
    config = read_config(folder, RulesConfig)
    unknown = chosen.unknown or config.unknown
    engine = RulesEngine(
        RuleSystem(Path(folder)), config.languages,
        mark_unknown=unknown == "mark", trace=chosen.trace,
    )  # fmt: skip
    return TextTranslator(engine)
