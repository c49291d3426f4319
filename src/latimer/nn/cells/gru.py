"""The gated recurrent unit."""

from __future__ import annotations

import torch
from torch import Tensor


class GRU:
    """Gated recurrent unit (Cho et al. 2014, section 2.3), in PyTorch's form and gate order.

    r = σ(x_r + h_r), z = σ(x_z + h_z), n = tanh(x_n + r ⊙ h_n), h' = (1 − z) ⊙ n + z ⊙ h.
    """

    gates = 3
    parts = 1

    def forward_step(
        self, x_gates: Tensor, h_gates: Tensor, state: Tensor, gates: Tensor, out: Tensor
    ) -> None:
        """One step; see `Cell.forward_step`."""
        size = state.shape[1]
        both = 2 * size
        torch.add(x_gates[:, :both], h_gates[:, :both], out=gates[:, :both]).sigmoid_()
        reset, update, new = gates.split(size, dim=1)
        torch.addcmul(x_gates[:, both:], reset, h_gates[:, both:], out=new).tanh_()
        torch.lerp(new, state, update, out=out)

    def coefficients(
        self, gates: Tensor, h_gates: Tensor, before: Tensor, after: Tensor
    ) -> tuple[Tensor, ...]:
        """∂n̂/∂h', ∂ẑ/∂h', ∂r̂/∂n̂, r and z, where ^ marks a gate before its activation."""
        size = before.shape[-1]
        reset, update, new = gates.split(size, dim=-1)
        keep = 1 - update
        to_new = keep * torch.addcmul(torch.ones_like(new), new, new, value=-1)
        to_update = keep.mul_(update).mul_(before - new)
        to_reset = (1 - reset).mul_(reset).mul_(h_gates[..., 2 * size :])
        return to_new, to_update, to_reset, reset, update

    def backward_step(
        self,
        coefficients: tuple[Tensor, ...],
        grad_state: Tensor,
        grad_x_gates: Tensor,
        grad_h_gates: Tensor,
    ) -> None:
        """One step back; see `Cell.backward_step`."""
        to_new, to_update, to_reset, reset, update = coefficients
        size = grad_state.shape[1]
        grad_reset, grad_update, grad_new = grad_x_gates.split(size, dim=1)
        torch.mul(grad_state, to_new, out=grad_new)
        torch.mul(grad_state, to_update, out=grad_update)
        torch.mul(grad_new, to_reset, out=grad_reset)
        grad_h_gates[:, : 2 * size] = grad_x_gates[:, : 2 * size]
        torch.mul(grad_new, reset, out=grad_h_gates[:, 2 * size :])
        grad_state.mul_(update)
