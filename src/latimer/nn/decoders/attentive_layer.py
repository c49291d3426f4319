"""A recurrent layer that attends to the source before each step (Bahdanau et al. 2015).

At step t: the context c_t is read with the state s_{t−1}; the cell takes the embedding e_t, c_t
and s_{t−1} to s_t. Sequences are time-major as in `latimer.nn.recurrent`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from latimer.nn.attention import AttentionPass, BahdanauAttention
from latimer.nn.cells import Cell
from latimer.nn.precision import Products, outside_autocast, product_dtype
from latimer.nn.recurrent import CellWeights, blank, by_step, shifted


class AttentiveLayer(nn.Module):
    """The decoder's first layer: a cell and the attention that feeds it.

    `context_weight [gates * H, value]` takes the context to the gates.
    """

    def __init__(
        self, cell: Cell, attention: BahdanauAttention, input_size: int, hidden: int, value: int
    ) -> None:
        super().__init__()
        self.weights = CellWeights(cell, input_size, hidden)
        self.attention = attention
        self.context_weight = nn.Parameter(torch.empty(cell.gates * hidden, value))
        nn.init.uniform_(self.context_weight, -1 / math.sqrt(hidden), 1 / math.sqrt(hidden))

    def begin(self, start: Tensor, bias: Tensor) -> Tensor:
        """The layer's first state `[sentences, …]` from that of its cell, `start`."""
        return start

    def forward(
        self,
        inputs: Tensor,
        start: Tensor,
        keys: Tensor,
        values: Tensor,
        bias: Tensor,
        active: Sequence[int],
    ) -> tuple[Tensor, Tensor, Tensor]:
        """States `[time, rows, parts * H]`, contexts `[time, rows, value]`, attention weights.

        `inputs [time, rows, input]`, `start [rows, parts * H]`, `keys [rows, source_time, size]`,
        `values [rows, source_time, value]`, `bias [rows, source_time]`. The weights are
        `[time, rows, source_time]`.
        """
        weights, attention = self.weights, self.attention
        products = Products(product_dtype(weights.weight_hh))
        return _AttentiveScan.apply(
            _Scan(weights.cell, attention.Pass, products, active),
            weights.input_gates(inputs),
            start,
            keys,
            values.to(start.dtype),
            bias,
            weights.weight_hh,
            weights.bias_hh,
            attention.query_weight,
            attention.score_weight,
            self.context_weight,
        )

    def step(
        self, x_gates: Tensor, state: Tensor, keys: Tensor, values: Tensor, bias: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """One step of search: state, context and weights of `rows = sentences * width`.

        `x_gates [rows, gates * H]`, `state [rows, parts * H]`; not differentiable.
        """
        hidden = state[:, : self.weights.hidden_size]
        weights = self.attention.weigh(hidden, keys, bias)
        context = torch.bmm(weights, values).flatten(0, 1)
        gates = x_gates + nn.functional.linear(context, self.context_weight).to(x_gates.dtype)
        return self.weights.step(gates, state), context, weights.flatten(0, 1)


class _Scan(NamedTuple):
    """What the loop over time needs besides tensors.

    attention_pass: an `AttentionPass` from keys and score weight; active: rows of each step.
    """

    cell: Cell
    attention_pass: Callable[[Tensor, Tensor], AttentionPass]
    products: Products
    active: Sequence[int]


class _AttentiveScan(torch.autograd.Function):
    """The loop over time, and its hand-written derivative.

    The products with s_{t−1}, for the gates and for the attention's query, are one product.
    """

    @staticmethod
    @outside_autocast
    def forward(
        ctx: Any,
        scan: _Scan,
        x_gates: Tensor,
        start: Tensor,
        keys: Tensor,
        values: Tensor,
        bias: Tensor,
        weight_hh: Tensor,
        bias_hh: Tensor,
        query_weight: Tensor,
        score_weight: Tensor,
        context_weight: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        cell, attention_pass, products, active = scan
        recurrent = products.weight(torch.cat([weight_hh, query_weight])).t()
        recurrent_bias = torch.cat([bias_hh, bias_hh.new_zeros(len(query_weight))])
        to_gates = products.weight(context_weight).t()
        width = x_gates.shape[2]
        size = weight_hh.shape[1]

        states = blank(x_gates, start.shape[1], active)
        contexts = blank(x_gates, values.shape[2], active)
        weights = blank(x_gates, values.shape[1], active)
        gates = blank(x_gates, width, active)
        projected = blank(x_gates, width + len(query_weight), active)
        total = torch.empty_like(x_gates[0])
        scorer = attention_pass(keys, score_weight)
        x_t, projected_t = by_step(x_gates, active), by_step(projected, active)
        weights_t, contexts_t = by_step(weights, active), by_step(contexts, active)
        gates_t, states_t = by_step(gates, active), by_step(states, active)
        before = start
        for t, n in enumerate(active):
            now, context = before[:n], contexts_t[t]
            products.addmm(recurrent_bias, now[:, :size], recurrent, out=projected_t[t])
            h_gates, query = projected_t[t][:, :width], projected_t[t][:, width:]
            attended = torch.softmax(scorer.scores(query).add_(bias[:n]), 1, out=weights_t[t])
            torch.bmm(attended[:, None], values[:n], out=context[:, None])
            products.addmm(x_t[t], context, to_gates, out=total[:n])
            cell.forward_step(total[:n], h_gates, now, gates_t[t], states_t[t])
            before = states[t]
        ctx.scan = scan
        ctx.save_for_backward(
            start, keys, values, weight_hh, query_weight, score_weight, context_weight,
            gates, projected, states, contexts, weights,
        )  # fmt: skip
        ctx.set_materialize_grads(False)  # nobody may ask for the weights
        return states, contexts, weights

    @staticmethod
    @once_differentiable
    @outside_autocast
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        grad_states, grad_contexts, grad_weights = gradients
        (
            start, keys, values, weight_hh, query_weight, score_weight, context_weight,
            gates, projected, states, contexts, weights,
        ) = ctx.saved_tensors  # fmt: skip
        cell, attention_pass, products, active = ctx.scan
        recurrent = products.weight(torch.cat([weight_hh, query_weight]))
        to_gates = products.weight(context_weight)
        width, size = gates.shape[2], weight_hh.shape[1]
        before = shifted(states, start, reverse=False)
        coefficients = cell.coefficients(gates, projected[..., :width], before, states)
        local = [by_step(c, active) for c in coefficients]
        grad_x = blank(gates, width, active)
        grad_projected = blank(projected, projected.shape[2], active)
        if grad_states is None:
            grad_states = torch.zeros_like(states)
        grad_context = (
            torch.zeros_like(contexts) if grad_contexts is None else grad_contexts.clone()
        )
        grad = torch.zeros_like(start)
        through, attended = torch.empty_like(states[0, :, :size]), torch.empty_like(contexts[0])
        scorer = attention_pass(keys, score_weight)
        grad_x_t, grad_projected_t = by_step(grad_x, active), by_step(grad_projected, active)
        arriving, grad_context_t = by_step(grad_states, active), by_step(grad_context, active)
        asked = None if grad_weights is None else by_step(grad_weights, active)
        projected_t, weights_t = by_step(projected, active), by_step(weights, active)
        for t, n in reversed(list(enumerate(active))):
            now, back, context = grad[:n].add_(arriving[t]), grad_projected_t[t], grad_context_t[t]
            cell.backward_step(tuple(c[t] for c in local), now, grad_x_t[t], back[:, :width])
            context.add_(products.mm(grad_x_t[t], to_gates, out=attended[:n]))
            attended_to = torch.bmm(values[:n], context[:, :, None]).squeeze(2)
            if asked is not None:
                attended_to += asked[t]
            grad_scores = softmax_gradient(attended_to, weights_t[t])
            back[:, width:] = scorer.backward(grad_scores, projected_t[t][:, width:])
            now[:, :size].add_(products.mm(back, recurrent, out=through[:n]))

        grad_keys, grad_score = scorer.gradients()
        # Σ_t α_t ⊗ ∂c_t for all steps at once: [rows, source_time, time] @ [rows, time, value].
        grad_values = torch.bmm(weights.permute(1, 2, 0), grad_context.transpose(0, 1))
        grad_recurrent = products.weight_gradient(grad_projected, before[..., :size])
        return (
            None, grad_x, grad, grad_keys, grad_values, None,
            grad_recurrent[:width], grad_projected[..., :width].sum((0, 1)),
            grad_recurrent[width:], grad_score, products.weight_gradient(grad_x, contexts),
        )  # fmt: skip


def softmax_gradient(grad: Tensor, weights: Tensor) -> Tensor:
    """The gradient `[rows, n]` of a softmax's input, in place of `grad`, that of its output.

    `weights [rows, n]` is the output itself.
    """
    inner = (grad * weights).sum(1, keepdim=True)
    return grad.sub_(inner).mul_(weights)
