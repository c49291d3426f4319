"""Reading `config.json`: typed, or refused in one line that names the file and the key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from latimer.errors import InputError, SettingError
from latimer.model.config import FORMAT, OLDER_FORMATS, ModelConfig

CONFIG = "config.json"

C = TypeVar("C", bound=ModelConfig)


def read_config(folder: str | Path, of: type[C]) -> C:
    """The checked `config.json` of a model folder.

    `of` is `ModelConfig` for what all engines have in common, or the subclass of one engine.
    Raises InputError, one line naming file and key: for a folder or file that is missing or
    damaged, for the format of another version, another engine, and wrong values.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder}: no such model folder; `latimer train` makes one")
    path = folder / CONFIG
    entries = _read_json(path)
    _check_format(path, entries.get("format"))
    _check_engine(path, entries, of)
    try:
        return of.model_validate(entries)
    except ValidationError as error:
        raise InputError(f"{path}: {_complaint(error, of)}; copy the folder again") from error


def unreadable(path: Path, error: OSError) -> InputError:
    """What to say of a file of a model folder that is missing or cannot be read."""
    why = "is missing" if isinstance(error, FileNotFoundError) else f"cannot be read: {error}"
    return InputError(f"{path} {why}; copy the whole model folder again")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        entries = json.loads(path.read_bytes())
    except OSError as error:
        raise unreadable(path, error) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: damaged, not JSON ({error}); copy the folder again") from error
    if not isinstance(entries, dict):
        raise InputError(f"{path}: not the description of a Latimer model; choose another folder")
    return entries


def _check_format(path: Path, found: object) -> None:
    if found == FORMAT:
        return
    if isinstance(found, str) and found in OLDER_FORMATS:
        raise InputError(
            f"{path}: made by an older version of Latimer (format {found}, {FORMAT} expected: "
            f"{OLDER_FORMATS[found]}); train the model again"
        )
    raise InputError(
        f"{path}: not a model of this version of Latimer: format {FORMAT!r} expected, "
        f"not {found!r}; choose another folder"
    )


def _check_engine(path: Path, entries: dict[str, Any], of: type[ModelConfig]) -> None:
    """A subclass would take its own engine for one that is left out."""
    if "engine" not in entries:
        raise InputError(f"{path}: engine is missing; copy the folder again")
    engine = entries["engine"]
    if of.ENGINE is not None and isinstance(engine, str) and engine != of.ENGINE:
        raise InputError(
            f"{path}: a model of the engine {engine!r}; one of the engine {of.ENGINE!r} is needed"
        )


def _complaint(error: ValidationError, of: type[ModelConfig]) -> str:
    """The first thing that is wrong, after the key; an unknown key explains a missing one."""
    first = min(error.errors(), key=lambda found: found["type"] != "extra_forbidden")
    within = ".".join(map(str, first["loc"]))
    stated = first.get("ctx", {}).get("error")
    if isinstance(stated, SettingError):
        inside = stated.field == within or stated.field.startswith(f"{within}.")
        field = stated.field if inside else f"{within}.{stated.field}"
        return str(SettingError(field, stated.value, stated.reason))
    if first["type"] == "extra_forbidden":
        return f"{within}: unknown key"
    if first["type"] == "missing":
        return f"{within} is missing"
    if first["type"] == "impossible":  # of several keys of a section
        text = f"{first['ctx']['key']}: {first['ctx']['why']}"
        return text.replace("model.", f"{within}.") if within else text  # a recipe's section
    return f"{within} cannot be {first['input']!r}: {first['msg']}"
