"""The plain recurrent cell, with tanh or ReLU."""

from __future__ import annotations

import torch
from torch import Tensor


class RNN:
    """The simple recurrent network (Elman 1990), with PyTorch's two biases.

    h' = f(x + h), where x and h are the input's and the previous output's products with their
    weights, and f is tanh or, with `relu`, max(0, ·) (Le et al. 2015).
    """

    gates = 1
    parts = 1

    def __init__(self, *, relu: bool = False) -> None:
        self.relu = relu

    def forward_step(
        self, x_gates: Tensor, h_gates: Tensor, state: Tensor, gates: Tensor, out: Tensor
    ) -> None:
        """One step; see `Cell.forward_step`."""
        torch.add(x_gates, h_gates, out=gates)
        if self.relu:
            gates.relu_()
        else:
            gates.tanh_()
        out.copy_(gates)

    def coefficients(
        self, gates: Tensor, h_gates: Tensor, before: Tensor, after: Tensor
    ) -> tuple[Tensor, ...]:
        """f'(x + h), written with f(x + h) itself."""
        if self.relu:
            return ((gates > 0).to(gates.dtype),)
        return (torch.addcmul(torch.ones_like(gates), gates, gates, value=-1),)

    def backward_step(
        self,
        coefficients: tuple[Tensor, ...],
        grad_state: Tensor,
        grad_x_gates: Tensor,
        grad_h_gates: Tensor,
    ) -> None:
        """One step back; see `Cell.backward_step`."""
        (slope,) = coefficients
        torch.mul(grad_state, slope, out=grad_x_gates)
        grad_h_gates.copy_(grad_x_gates)
        grad_state.zero_()
