"""What the loop asks of an objective: a loss to lower and the modules it is lowered with."""

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
    """How many units (labels, sentences, …) the mean is over; shares of a batch are added by it."""
    figures: dict[str, Tensor] = field(default_factory=dict)
    """Further means over the same units, `[]` each and detached, by the objective's names."""


class Objective(Protocol):
    """A way to train, such as `likelihood.Likelihood`; another one is another file like it."""

    @property
    def modules(self) -> Mapping[str, nn.Module]:
        """Every module with weights of its own, by name; all of them are part of the state."""

    @property
    def trained(self) -> Sequence[str]:
        """Which of `modules` are trained; each has an optimiser and a gradient norm of its own."""

    @property
    def figures(self) -> Sequence[str]:
        """The names in `Loss.figures`, the same for every batch."""

    def loss(self, batch: Batch) -> Loss:
        """The loss of `batch`, which is on the device of the modules."""

    def updated(self, figures: Mapping[str, float]) -> None:
        """Called after every update, for what follows the trained modules (target networks).

        `figures` are the means of `loss` and the objective's own over all processes.
        """
