"""Long short-term memory."""

from __future__ import annotations

import torch
from torch import Tensor


class LSTM:
    """Long short-term memory with a forget gate (Gers et al. 2000), in PyTorch's gate order.

    i, f, o = σ(x + h), g = tanh(x_g + h_g), c' = f ⊙ c + i ⊙ g, h' = o ⊙ tanh(c').
    The state is `[h; c]`.
    """

    gates = 4
    parts = 2

    def forward_step(
        self, x_gates: Tensor, h_gates: Tensor, state: Tensor, gates: Tensor, out: Tensor
    ) -> None:
        """One step; see `Cell.forward_step`."""
        size = state.shape[1] // 2
        torch.add(x_gates, h_gates, out=gates)
        gates[:, : 2 * size].sigmoid_()
        gates[:, 2 * size : 3 * size].tanh_()
        gates[:, 3 * size :].sigmoid_()
        enter, forget, new, leave = gates.split(size, dim=1)
        hidden, memory = out.split(size, dim=1)
        torch.mul(forget, state[:, size:], out=memory).addcmul_(enter, new)
        torch.tanh(memory, out=hidden)
        hidden.mul_(leave)

    def coefficients(
        self, gates: Tensor, h_gates: Tensor, before: Tensor, after: Tensor
    ) -> tuple[Tensor, ...]:
        """∂c'/∂h', ∂ô/∂h'; ∂î, ∂f̂, ∂ĝ/∂c'; f. Here ^ marks a gate before its activation."""
        size = before.shape[-1] // 2
        enter, forget, new, leave = gates.split(size, dim=-1)
        squashed = after[..., size:].tanh()
        to_memory = leave * (1 - squashed * squashed)
        to_leave = squashed.mul_(leave).mul_(1 - leave)
        to_enter = (1 - enter).mul_(enter).mul_(new)
        to_forget = (1 - forget).mul_(forget).mul_(before[..., size:])
        to_new = (1 - new * new).mul_(enter)
        return to_memory, to_leave, to_enter, to_forget, to_new, forget

    def backward_step(
        self,
        coefficients: tuple[Tensor, ...],
        grad_state: Tensor,
        grad_x_gates: Tensor,
        grad_h_gates: Tensor,
    ) -> None:
        """One step back; see `Cell.backward_step`."""
        to_memory, to_leave, to_enter, to_forget, to_new, forget = coefficients
        size = grad_state.shape[1] // 2
        grad_hidden, grad_memory = grad_state.split(size, dim=1)
        grad_memory.addcmul_(grad_hidden, to_memory)
        grad_enter, grad_forget, grad_new, grad_leave = grad_x_gates.split(size, dim=1)
        torch.mul(grad_memory, to_enter, out=grad_enter)
        torch.mul(grad_memory, to_forget, out=grad_forget)
        torch.mul(grad_memory, to_new, out=grad_new)
        torch.mul(grad_hidden, to_leave, out=grad_leave)
        grad_h_gates.copy_(grad_x_gates)
        grad_memory.mul_(forget)
        grad_hidden.zero_()
