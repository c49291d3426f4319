"""Recurrent cells: one step forward, and its derivative by hand.

A cell sees the input's and the previous output's contributions to its gates already multiplied
out, so that whoever scans over time can multiply the inputs of all steps at once.

Shapes, with `H` the hidden size: `state [rows, parts * H]`, whose first `H` columns are the
cell's output; `x_gates`, `h_gates [rows, gates * H]`.

The derivative is split in two. `coefficients` holds everything that does not depend on the
gradient and is computed for all steps in one go; `backward_step` multiplies the gradient through.
"""

from __future__ import annotations

from typing import Protocol

from torch import Tensor


class Cell(Protocol):
    """What a scan over time needs of a cell."""

    gates: int
    """Blocks of `H` columns that the weights produce."""
    parts: int
    """Blocks of `H` columns in the state."""

    def forward_step(
        self, x_gates: Tensor, h_gates: Tensor, state: Tensor, gates: Tensor, out: Tensor
    ) -> None:
        """Write the activations into `gates [rows, gates * H]` and the new state into `out`."""
        ...

    def coefficients(
        self, gates: Tensor, h_gates: Tensor, before: Tensor, after: Tensor
    ) -> tuple[Tensor, ...]:
        """Local derivatives of all steps, from what `forward_step` saw and wrote."""
        ...

    def backward_step(
        self,
        coefficients: tuple[Tensor, ...],
        grad_state: Tensor,
        grad_x_gates: Tensor,
        grad_h_gates: Tensor,
    ) -> None:
        """Write the gates' gradients; turn `grad_state` in place into that of the state before.

        What reaches the state before through `h_gates` is the caller's to add.
        """
        ...
