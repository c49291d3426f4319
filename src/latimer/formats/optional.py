"""Parts of the optional extra `formats`."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from latimer.errors import LatimerError


def require(module: str, path: Path) -> Any:
    """The module that reads `path`; raises LatimerError that says what to install."""
    try:
        return import_module(module)
    except ImportError as error:
        raise LatimerError(
            f"{path}: needs {module.partition('.')[0]} to be read; "
            "install latimer[formats]: pip install 'latimer[formats]'"
        ) from error
