"""Compile with Numba, keeping what was compiled where that is possible."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """`numba.njit` with a cache on disk, or without where no folder can be written to.

    Dividing by zero gives an infinity, as in NumPy, and costs no test. Other threads run meanwhile.
    """
    try:
        found = njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:  # "no locator available"
        return cast(Function, njit(nogil=True, error_model="numpy")(function))
    _forget_other_versions(found)
    return cast(Function, found)


def compiled_anew(function: Function) -> Function:
    """As `compiled`, without a cache on disk: for functions that take functions.

    Numba would not notice that one of those has changed since.
    """
    return cast(Function, njit(nogil=True, error_model="numpy")(function))


def inlined(function: Function) -> Function:
    """As `compiled`, and copied into every compiled caller, which halves the time of short ones."""
    return cast(Function, njit(nogil=True, error_model="numpy", inline="always")(function))


def _forget_other_versions(dispatcher: Any) -> None:
    """Let an index of the cache that names classes of another version count as empty.

    Numba reads the index, which has the types of arguments, before it looks at its date; after an
    update the classes may have other names, and unpickling it fails.
    """
    file = getattr(getattr(dispatcher, "_cache", None), "_cache_file", None)
    load = getattr(file, "_load_index", None)
    if file is None or load is None:
        return

    def tolerant() -> Any:
        try:
            return load()
        except (AttributeError, ImportError, TypeError):
            return {}

    file._load_index = tolerant
