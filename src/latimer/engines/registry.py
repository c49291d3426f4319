"""The engines, by the name that `config.json` of a model folder has; none is imported here.

A new engine is a module with a function that makes a `Translator` of a model folder, and a line in
`ENGINES`.
"""

from __future__ import annotations

from importlib import import_module
from inspect import Parameter, signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from latimer.engines.translator import Translator

ENGINES: dict[str, str] = {
    "neural": "latimer.engines.neural.loading:load",
    "phrases": "latimer.engines.phrases.loading:load",
    "combined": "latimer.engines.combined.loading:load",
}
"""`module:function` of what loads a model; it is called with the folder and keyword options."""


def load(folder: str | Path, **options: Any) -> Translator:
    """The translator in a model folder, whatever its engine; `config.json` names it.

    `options` are those of the engine: see `latimer.engines.neural.options`.

    Raises InputError, one line, for a folder without a model, an engine that this version does not
    have, an option that the engine does not take, and whatever the engine refuses.
    """
    from latimer.model.config import ModelConfig
    from latimer.model.reading import read_config

    make = _loader(Path(folder), read_config(folder, ModelConfig).engine)
    _check_options(folder, make, options)
    return make(folder, **options)


def _loader(folder: Path, engine: str) -> Callable[..., Translator]:
    from latimer.errors import InputError
    from latimer.model.reading import CONFIG

    if engine not in ENGINES:
        raise InputError(
            f"{folder / CONFIG}: a model of the engine {engine!r}, which this version of Latimer "
            f"does not have (it has {', '.join(ENGINES)}); update Latimer"
        )
    module, _, name = ENGINES[engine].partition(":")
    make: Callable[..., Translator] = getattr(import_module(module), name)
    return make


def _check_options(
    folder: str | Path, make: Callable[..., Translator], options: dict[str, Any]
) -> None:
    from latimer.errors import InputError

    _, *known = signature(make).parameters.values()
    if any(one.kind is Parameter.VAR_KEYWORD for one in known):
        return
    names = [one.name for one in known]
    for name in options:
        if name not in names:
            raise InputError(
                f"{folder}: this kind of model has no option {name!r}; "
                f"it has {', '.join(names) or 'none'}"
            )
