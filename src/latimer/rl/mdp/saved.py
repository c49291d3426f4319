"""What was planned or learned, in a file: `.npz` for NumPy, `.json` for anything else.

Nothing in it is executed when it is read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from latimer.errors import InputError
from latimer.files import write_atomically

Arrays = Mapping[str, NDArray[Any]]

SUFFIXES = (".npz", ".json")


def check_name(path: Path) -> None:
    """InputError for a name that `save` would not take; to be asked before long work."""
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"{path}: end the name in {' or '.join(SUFFIXES)}")


def save(path: Path, facts: Mapping[str, Any], arrays: Arrays) -> None:
    """Write facts (names, numbers) and arrays, whole or not at all.

    In `.npz` the facts are a JSON text under the name `facts`. InputError for another suffix,
    LatimerError when the disk refuses.
    """
    check_name(path)
    if path.suffix.lower() == ".json":
        lists = {name: array.tolist() for name, array in arrays.items()}
        text = json.dumps({**facts, **lists}, ensure_ascii=False, indent=1) + "\n"
        write_atomically(path, lambda temporary: _write_text(temporary, text))
        return
    named = {**arrays, "facts": np.array(json.dumps(facts, ensure_ascii=False))}
    write_atomically(path, lambda temporary: _write_arrays(temporary, named))


def load(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The facts and arrays that `save` wrote; InputError when the file is not of that kind.

    From `.json` every list comes back as an array.
    """
    check_name(path)
    try:
        if path.suffix.lower() == ".json":
            found = json.loads(path.read_text(encoding="utf-8"))
            arrays = {k: np.array(v) for k, v in found.items() if isinstance(v, list)}
            return {k: v for k, v in found.items() if k not in arrays}, arrays
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        return json.loads(str(arrays.pop("facts"))), arrays
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except (OSError, ValueError, KeyError, EOFError, AttributeError, BadZipFile) as error:
        raise InputError(f"{path}: not a file that Latimer saved ({error})") from error


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _write_arrays(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    with path.open("wb") as file:  # given a name, NumPy would add a suffix to it
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
