"""A recurrent layer that attends to the source before each step (Bahdanau et al. 2015).

At step t: the context c_t is read with the state s_{t−1}; the cell takes the embedding e_t, c_t
and s_{t−1} to s_t. Sequences are time-major as in `latimer.nn.recurrent`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from latimer.nn.attention import BahdanauAttention
from latimer.nn.cells import Cell
from latimer.nn.precision import Products, outside_autocast, product_dtype
from latimer.nn.recurrent import CellWeights, blank, shifted


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
        `values [rows, source_time, value]`, `bias [rows, source_time]`. The weights
        `[time, rows, source_time]` carry no gradient.
        """
        weights, attention = self.weights, self.attention
        return _AttentiveScan.apply(
            weights.cell,
            attention.Pass,
            Products(product_dtype(weights.weight_hh)),
            active,
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


class _AttentiveScan(torch.autograd.Function):
    """The loop over time, and its hand-written derivative.

    The products with s_{t−1}, for the gates and for the attention's query, are one product.
    """

    @staticmethod
    @outside_autocast
    def forward(
        ctx: Any,
        cell: Cell,
        attention_pass: Any,
        products: Products,
        active: Sequence[int],
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
        recurrent = products.weight(torch.cat([weight_hh, query_weight])).t()
        recurrent_bias = torch.cat([bias_hh, bias_hh.new_zeros(len(query_weight))])
        to_gates = products.weight(context_weight).t()
        steps, _, width = x_gates.shape
        size = weight_hh.shape[1]

        states = blank(x_gates, start.shape[1], active)
        contexts = blank(x_gates, values.shape[2], active)
        weights = blank(x_gates, values.shape[1], active)
        gates = blank(x_gates, width, active)
        projected = blank(x_gates, width + len(query_weight), active)
        total = torch.empty_like(x_gates[0])
        scorer = attention_pass(keys, score_weight)
        before = start
        for t in range(steps):
            n = active[t]
            from_state = products.addmm(
                recurrent_bias, before[:n, :size], recurrent, out=projected[t, :n]
            )
            scores = scorer.scores(from_state[:, width:]).add_(bias[:n])
            attended = torch.softmax(scores, 1, out=weights[t, :n])
            context = contexts[t, :n]
            torch.bmm(attended[:, None], values[:n], out=context[:, None])
            products.addmm(x_gates[t, :n], context, to_gates, out=total[:n])
            cell.forward_step(
                total[:n], from_state[:, :width], before[:n], gates[t, :n], states[t, :n]
            )
            before = states[t]
        ctx.cell, ctx.attention_pass, ctx.active, ctx.products = (
            cell,
            attention_pass,
            active,
            products,
        )
        ctx.save_for_backward(
            start, keys, values, weight_hh, query_weight, score_weight, context_weight,
            gates, projected, states, contexts, weights,
        )  # fmt: skip
        ctx.mark_non_differentiable(weights)
        return states, contexts, weights

    @staticmethod
    @once_differentiable
    @outside_autocast
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        grad_states, grad_contexts, _ = gradients
        (
            start, keys, values, weight_hh, query_weight, score_weight, context_weight,
            gates, projected, states, contexts, weights,
        ) = ctx.saved_tensors  # fmt: skip
        cell, products = ctx.cell, ctx.products
        recurrent = products.weight(torch.cat([weight_hh, query_weight]))
        to_gates = products.weight(context_weight)
        steps, _, width = gates.shape
        size = weight_hh.shape[1]

        before = shifted(states, start, reverse=False)
        coefficients = cell.coefficients(gates, projected[..., :width], before, states)
        grad_x = blank(gates, width, ctx.active)
        grad_projected = blank(projected, projected.shape[2], ctx.active)
        grad_context = grad_contexts.clone()
        grad = torch.zeros_like(start)
        through, attended = torch.empty_like(states[0, :, :size]), torch.empty_like(contexts[0])
        scorer = ctx.attention_pass(keys, score_weight)
        for t in reversed(range(steps)):
            n = ctx.active[t]
            now = grad[:n].add_(grad_states[t, :n])
            local = tuple(c[t, :n] for c in coefficients)
            cell.backward_step(local, now, grad_x[t, :n], grad_projected[t, :n, :width])
            context = grad_context[t, :n]
            context += products.mm(grad_x[t, :n], to_gates, out=attended[:n])
            grad_weights = torch.bmm(values[:n], context[:, :, None]).squeeze(2)
            attention = weights[t, :n]
            inner = (grad_weights * attention).sum(1, keepdim=True)
            grad_scores = grad_weights.sub_(inner).mul_(attention)
            query = projected[t, :n, width:]
            grad_projected[t, :n, width:] = scorer.backward(grad_scores, query)
            now[:, :size] += products.mm(grad_projected[t, :n], recurrent, out=through[:n])

        grad_keys, grad_score = scorer.gradients()
        # Σ_t α_t ⊗ ∂c_t for all steps at once: [rows, source_time, time] @ [rows, time, value].
        grad_values = torch.bmm(weights.permute(1, 2, 0), grad_context.transpose(0, 1))
        grad_recurrent = products.weight_gradient(grad_projected, before[..., :size])
        return (
            None, None, None, None, grad_x, grad, grad_keys, grad_values, None,
            grad_recurrent[:width], grad_projected[..., :width].sum((0, 1)),
            grad_recurrent[width:], grad_score, products.weight_gradient(grad_x, contexts),
        )  # fmt: skip
