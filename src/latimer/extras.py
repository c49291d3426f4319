"""Packages of optional extras, imported where they are needed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from latimer.errors import LatimerError


def require(module: str, extra: str, purpose: object) -> Any:
    """The module of that name, from the optional extra `extra`.

    `purpose` is the file, key or option that needs it. Raises LatimerError naming both and the
    command that installs the extra.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise LatimerError(
            f"{purpose}: needs {module.partition('.')[0]}; "
            f"install latimer[{extra}]: pip install 'latimer[{extra}]'"
        ) from error
