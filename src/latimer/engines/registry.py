"""The engines, by the name that `config.json` of a model folder has; none is imported here.

A new engine is a module with a function that makes a `Translator` of a model folder, and a line in
`ENGINES`. An engine that needs no folder has a line in `NAMED`.
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
    "apertium": "latimer.engines.apertium.loading:load",
    "rules": "latimer.engines.rules.loading:load",
}
"""`module:function` of what loads a model; it is called with the folder and keyword options."""

NAMED: dict[str, str] = {
    "apertium": "latimer.engines.apertium.loading:load_pair",
}
"""The same for models of names such as `apertium:en-es`; it is called with what follows the colon.

Such a name is never taken for a folder: a folder of that name is given with its whole path.
"""


def load(model: str | Path, **options: Any) -> Translator:
    """The translator in a model folder, whatever its engine, or of a name: `apertium:en-es`.

    `config.json` of the folder names the engine. `options` are those of the engine: see its module
    `options`.

    Raises InputError, one line, for a folder without a model, an engine that this version does not
    have, an option that the engine does not take, and whatever the engine refuses.
    """
    from latimer.model.config import ModelConfig
    from latimer.model.reading import read_config

    scheme, colon, name = str(model).partition(":")
    if colon and scheme in NAMED:
        return _function(NAMED[scheme])(name, **options)
    make = _loader(Path(model), read_config(model, ModelConfig).engine)
    _check_options(model, make, options)
    return make(model, **options)


def _loader(folder: Path, engine: str) -> Callable[..., Translator]:
    from latimer.errors import InputError
    from latimer.model.reading import CONFIG

    if engine not in ENGINES:
        raise InputError(
            f"{folder / CONFIG}: a model of the engine {engine!r}, which this version of Latimer "
            f"does not have (it has {', '.join(ENGINES)}); update Latimer"
        )
    return _function(ENGINES[engine])


def _function(place: str) -> Callable[..., Translator]:
    module, _, name = place.partition(":")
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
