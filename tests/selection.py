"""Which variants of a test `make test` runs; all others have the mark slow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def few(names: Iterable[str], *quick: str) -> list[Any]:
    """All names as parameters of a test; those that are not `quick` are run by `make test-slow`."""
    names = list(names)
    assert set(quick) <= set(names), set(quick) - set(names)
    slow = pytest.mark.slow
    return [name if name in quick else pytest.param(name, marks=slow) for name in names]
