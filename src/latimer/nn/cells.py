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

import torch
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


CELLS: dict[str, Cell] = {"gru": GRU(), "lstm": LSTM()}
"""Every cell by its name in a recipe."""
