"""The state of a scorer that wraps another one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor


@dataclass(frozen=True)
class WrappedState:
    """A `scorer.State`: that of the wrapped scorer and what the wrapper remembers of each prefix.

    inner: the wrapped scorer's state; rows: tensors `[rows, …]`, one row a prefix, which are
    reordered with it.
    """

    inner: Any
    rows: tuple[Tensor, ...]

    @property
    def attention(self) -> Tensor | None:
        """See `scorer.State`."""
        found: Tensor | None = self.inner.attention
        return found

    def select(self, rows: Tensor, sentences: Tensor | None = None) -> WrappedState:
        """See `scorer.State`."""
        kept = tuple(part[rows] for part in self.rows)
        return WrappedState(self.inner.select(rows, sentences), kept)
