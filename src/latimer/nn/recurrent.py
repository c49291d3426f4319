"""One recurrent layer over whole sequences, forward or backward in time.

The products that no recurrence holds back are taken out of the loop: the inputs' contribution to
the gates of all steps before it, the weights' gradients after it. Inside, only the product with
the recurrent weight remains, and it touches only the rows whose sequence is still running.

Sequences are time-major here, `[time, rows, size]`, with rows sorted by length, longest first;
`active[t]` is the number of rows still running at step `t`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from latimer.nn.cells import Cell
from latimer.nn.inference.quantised import QuantisedWeight
from latimer.nn.precision import Products, outside_autocast, product_dtype


def blank(like: Tensor, width: int, active: Sequence[int]) -> Tensor:
    """A buffer `[time, rows, width]` for rows that run, with zeros where rows do not.

    `like` is `[time, rows, …]`. Running rows are left unset: they are about to be written, and
    filling them first would be a visible share of the work.
    """
    steps, rows = like.shape[:2]
    buffer = like.new_empty(steps, rows, width)
    for t, n in enumerate(active):
        if n < rows:
            buffer[t, n:].zero_()
    return buffer


def by_step(buffer: Tensor, active: Sequence[int]) -> list[Tensor]:
    """The running rows `[active[t], …]` of each step of `buffer [time, rows, …]`, as views."""
    return [
        step if n == len(step) else step[:n]
        for step, n in zip(buffer.unbind(), active, strict=True)
    ]


def grown(steps: Sequence[Tensor], rows: int) -> Tensor:
    """Steps `[active[t], width]` as one `[time, rows, width]`, zeros where rows do not run."""
    return torch.stack([nn.functional.pad(step, (0, 0, 0, rows - len(step))) for step in steps])


def active_rows(lengths: Sequence[int]) -> list[int]:
    """How many rows run at each step, for `lengths` sorted from the longest to the shortest."""
    if not lengths:
        return []
    active, rows = [], len(lengths)
    for step in range(lengths[0]):
        while rows and lengths[rows - 1] <= step:
            rows -= 1
        active.append(rows)
    return active


class CellWeights(nn.Module):
    """The parameters of a cell: PyTorch's names, shapes and uniform(−1/√H, 1/√H) start.

    `weight_ih [gates * H, input]`, `weight_hh [gates * H, H]`, `bias_ih`, `bias_hh [gates * H]`.
    """

    def __init__(self, cell: Cell, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.cell = cell
        self.hidden_size = hidden_size
        rows = cell.gates * hidden_size
        self.weight_ih = nn.Parameter(torch.empty(rows, input_size))
        self.weight_hh = nn.Parameter(torch.empty(rows, hidden_size))
        self.bias_ih = nn.Parameter(torch.empty(rows))
        self.bias_hh = nn.Parameter(torch.empty(rows))
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -1 / math.sqrt(hidden_size), 1 / math.sqrt(hidden_size))

    def input_gates(self, inputs: Tensor) -> Tensor:
        """The inputs' part of the gates `[..., gates * H]`, `bias_ih` included."""
        gates = nn.functional.linear(inputs, self.weight_ih, self.bias_ih)
        return gates.to(self.weight_hh.dtype)

    def step(self, x_gates: Tensor, state: Tensor) -> Tensor:
        """The next state `[rows, parts * H]` from the input's gates; not differentiable."""
        hidden = state[:, : self.hidden_size]
        h_gates = nn.functional.linear(hidden, self.weight_hh, self.bias_hh).to(state.dtype)
        gates, out = torch.empty_like(h_gates), torch.empty_like(state)
        self.cell.forward_step(x_gates, h_gates, state, gates, out)
        return out


class RecurrentLayer(nn.Module):
    """A cell scanned over time from the zero state.

    `forward(inputs [time, rows, input], active)` gives the states `[time, rows, parts * H]`;
    rows that are not running hold zeros. `reverse` runs from the last step to the first, each row
    beginning at its own last element.
    """

    def __init__(
        self, cell: Cell, input_size: int, hidden_size: int, *, reverse: bool = False
    ) -> None:
        super().__init__()
        self.weights = CellWeights(cell, input_size, hidden_size)
        self.reverse = reverse

    def forward(self, inputs: Tensor, active: Sequence[int], start: Tensor | None = None) -> Tensor:
        """Run the layer; `start [rows, parts * H]` replaces the zero state (forward only)."""
        weights = self.weights
        x_gates = weights.input_gates(inputs)
        if start is None:
            width = weights.cell.parts * weights.hidden_size
            start = x_gates.new_zeros(x_gates.shape[1], width)
        elif self.reverse:
            raise ValueError("a reversed layer starts from the zero state")
        return scan(weights, x_gates, start, active, reverse=self.reverse)

    def step(self, inputs: Tensor, state: Tensor) -> Tensor:
        """The state `[rows, parts * H]` after `inputs [rows, input]`; not differentiable."""
        return self.weights.step(self.weights.input_gates(inputs), state)


def scan(
    weights: CellWeights, x_gates: Tensor, start: Tensor, active: Sequence[int], *, reverse: bool
) -> Tensor:
    """States `[time, rows, parts * H]` of a cell over `x_gates [time, rows, gates * H]`."""
    if isinstance(weights.weight_hh, QuantisedWeight):
        return _read(weights, x_gates, start, active, reverse=reverse)
    products = Products(product_dtype(weights.weight_hh))
    settings = _Settings(weights.cell, products, active, reverse)
    return _Scan.apply(settings, x_gates, start, weights.weight_hh, weights.bias_hh)


def _read(
    weights: CellWeights, x_gates: Tensor, start: Tensor, active: Sequence[int], *, reverse: bool
) -> Tensor:
    """As `scan`, with a quantised weight; not differentiable."""
    states, gates = blank(x_gates, start.shape[1], active), x_gates.new_empty(x_gates.shape[1:])
    x_t, states_t = by_step(x_gates, active), by_step(states, active)
    before, size = start, weights.hidden_size
    for t in reversed(range(len(states))) if reverse else range(len(states)):
        now = before[: active[t]]
        h_gates = nn.functional.linear(now[:, :size], weights.weight_hh, weights.bias_hh)
        weights.cell.forward_step(x_t[t], h_gates, now, gates[: active[t]], states_t[t])
        before = states[t]
    return states


class _Settings(NamedTuple):
    """What the loop over time needs besides tensors."""

    cell: Cell
    products: Products
    active: Sequence[int]
    reverse: bool


class _Scan(torch.autograd.Function):
    """The loop over time, and its hand-written derivative (backpropagation through time)."""

    @staticmethod
    @outside_autocast
    def forward(
        ctx: Any,
        settings: _Settings,
        x_gates: Tensor,
        start: Tensor,
        weight_hh: Tensor,
        bias_hh: Tensor,
    ) -> Tensor:
        cell, products, active, reverse = settings
        size = weight_hh.shape[1]
        recurrent = products.weight(weight_hh).t()
        steps, _, width = x_gates.shape
        # Rows outside `active` keep the zero state, from which a reversed sequence begins.
        states = blank(x_gates, start.shape[1], active)
        gates, h_gates = blank(x_gates, width, active), blank(x_gates, width, active)
        x_t, h_t = by_step(x_gates, active), by_step(h_gates, active)
        gates_t, states_t = by_step(gates, active), by_step(states, active)
        before = start
        for t in reversed(range(steps)) if reverse else range(steps):
            now = before[: active[t]]
            products.addmm(bias_hh, now[:, :size], recurrent, out=h_t[t])
            cell.forward_step(x_t[t], h_t[t], now, gates_t[t], states_t[t])
            before = states[t]
        ctx.settings = settings
        ctx.save_for_backward(start, weight_hh, gates, h_gates, states)
        return states

    @staticmethod
    @once_differentiable
    @outside_autocast
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (grad_states,) = gradients
        start, weight_hh, gates, h_gates, states = ctx.saved_tensors
        cell, products, active, reverse = ctx.settings
        size = weight_hh.shape[1]
        recurrent = products.weight(weight_hh)
        steps = len(states)
        before, width = shifted(states, start, reverse=reverse), gates.shape[2]
        local = [by_step(c, active) for c in cell.coefficients(gates, h_gates, before, states)]
        grad_x, grad_h = blank(gates, width, active), blank(gates, width, active)
        grad_x_t, grad_h_t = by_step(grad_x, active), by_step(grad_h, active)
        arriving = by_step(grad_states, active)
        grad = torch.zeros_like(start)
        through = start.new_empty(len(start), size)
        for t in range(steps) if reverse else reversed(range(steps)):
            n = active[t]
            now = grad[:n].add_(arriving[t])
            cell.backward_step(tuple(c[t] for c in local), now, grad_x_t[t], grad_h_t[t])
            now[:, :size].add_(products.mm(grad_h_t[t], recurrent, out=through[:n]))
        grad_weight = products.weight_gradient(grad_h, before[..., :size])
        return None, grad_x, grad, grad_weight, grad_h.sum((0, 1))


def shifted(states: Tensor, start: Tensor, *, reverse: bool) -> Tensor:
    """The state before each step `[time, rows, width]`: `states` moved by one, `start` first."""
    if reverse:
        return torch.cat([states[1:], start[None]])
    return torch.cat([start[None], states[:-1]])
