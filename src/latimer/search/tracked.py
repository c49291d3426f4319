"""A scorer's state together with what else is known of each prefix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from torch import Tensor

T = TypeVar("T", bound=tuple[Tensor, ...])


@dataclass(frozen=True)
class Tracked(Generic[T]):
    """The state of a scorer inside, and tensors that have a row for each prefix, as it has."""

    inner: Any
    rows: T

    @property
    def attention(self) -> Tensor | None:
        """See `scorer.State`."""
        return cast("Tensor | None", self.inner.attention)

    def select(self, rows: Tensor, sentences: Tensor | None = None) -> Tracked[T]:
        """See `scorer.State`."""
        return Tracked(self.inner.select(rows, sentences), selected(self.rows, rows))


def selected(tensors: T, rows: Tensor) -> T:
    """The same rows of each tensor of a named tuple."""
    make = cast("Callable[..., T]", type(tensors))
    return make(*(one[rows] for one in tensors))
