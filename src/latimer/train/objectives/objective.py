"""The interface of training objectives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from torch import Tensor, nn

from latimer.text.batching import Batch


@dataclass(frozen=True)
class Loss:
    """The loss of one batch."""

    value: Tensor
    """`[]`, with gradients: a mean over the `weight` units of the batch."""
    weight: int
    """Number of units (labels, sentences) of the mean; shares of a batch are weighted by it."""
    figures: dict[str, Tensor] = field(default_factory=dict)
    """Further means over the same units, `[]` each, without gradients."""


class Objective(Protocol):
    """A training objective, such as `likelihood.Likelihood`."""

    @property
    def modules(self) -> Mapping[str, nn.Module]:
        """All modules with parameters or buffers, by name; they are part of the state."""

    @property
    def trained(self) -> Sequence[str]:
        """The names of trained modules; each has its own optimiser and gradient norm."""

    @property
    def figures(self) -> Sequence[str]:
        """The names in `Loss.figures`, the same for every batch."""

    def loss(self, batch: Batch) -> Loss:
        """The loss of `batch`, which is on the device of the modules."""

    def updated(self, figures: Mapping[str, float]) -> None:
        """Called after every update, to update target networks, counters and the like.

        `figures` are the means of `loss` and of the objective's figures over all processes.
        """
