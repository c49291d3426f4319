"""Arrays of a model folder in safetensors files, read and written without PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from latimer.errors import InputError
from latimer.model.reading import unreadable
from latimer.statistical.arrays import Array


def write_arrays(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write a safetensors file; raises OSError when the disk refuses."""
    try:
        save_file({name: np.ascontiguousarray(one) for name, one in arrays.items()}, path)
    except SafetensorError as error:  # it hides the OSError of a full disk
        raise OSError(None, str(error)) from error
    path.chmod(0o644)


def read_arrays(path: Path) -> dict[str, Array]:
    """Read a safetensors file; raises InputError when it is missing, truncated or foreign."""
    try:
        return load_file(path)
    except OSError as error:
        raise unreadable(path, error) from error
    except (SafetensorError, ValueError, KeyError) as error:
        raise refuse(path, f"truncated or not a safetensors file ({error})") from error


def refuse(path: Path, why: str) -> InputError:
    """What to say of a file with other content than a model folder should have."""
    return InputError(f"{path}: damaged: {why}; copy the whole model folder again")
