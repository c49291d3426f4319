"""A recurrent layer whose attention also reads what it has read before (Tu et al. 2016).

The coverage of a position is the sum of its weights so far. It is one more recurrent state, so
that the layer's state is `[h; …; coverage]`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from latimer.nn.attention.coverage import CoverageAttention
from latimer.nn.decoders.attentive_layer import AttentiveLayer
from latimer.nn.recurrent import grown, scan


class CoveringLayer(AttentiveLayer):
    """An `AttentiveLayer` with coverage, one step at a time and differentiated by autograd."""

    def begin(self, start: Tensor, bias: Tensor) -> Tensor:
        """The first state `[sentences, parts * H + source_time]`: nothing is covered."""
        return torch.cat([start, torch.zeros_like(bias)], 1)

    def _split(self, state: Tensor) -> tuple[Tensor, Tensor]:
        width = self.weights.cell.parts * self.weights.hidden_size
        return state[:, :width], state[:, width:]

    def forward(
        self,
        inputs: Tensor,
        start: Tensor,
        keys: Tensor,
        values: Tensor,
        bias: Tensor,
        active: Sequence[int],
    ) -> tuple[Tensor, Tensor, Tensor]:
        """See `AttentiveLayer.forward`; `start` is that of `begin`."""
        x_gates, values = self.weights.input_gates(inputs), values.to(start.dtype)
        state, coverage = self._split(start)
        steps = []
        for t, n in enumerate(active):
            weights, context, gates = self._read(
                x_gates[t, :n], state[:n], coverage[:n], keys[:n], values[:n], bias[:n]
            )
            state = scan(self.weights, gates[None], state[:n], [n], reverse=False)[0]
            coverage = coverage[:n] + weights
            steps.append((state, context, weights))
        states, contexts, read = (grown(part, len(start)) for part in zip(*steps, strict=True))
        return states, contexts, read

    def step(
        self, x_gates: Tensor, state: Tensor, keys: Tensor, values: Tensor, bias: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """See `AttentiveLayer.step`."""
        before, coverage = self._split(state)
        weights, context, gates = self._read(x_gates, before, coverage, keys, values, bias)
        after = self.weights.step(gates, before)
        return torch.cat([after, coverage + weights], 1), context, weights

    def _read(
        self,
        x_gates: Tensor,
        state: Tensor,
        coverage: Tensor,
        keys: Tensor,
        values: Tensor,
        bias: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Weights, context and gates of the next step, of `rows = sentences * width`."""
        assert isinstance(self.attention, CoverageAttention)
        hidden = state[:, : self.weights.hidden_size]
        weights = self.attention.covering(hidden, keys, bias, coverage)
        context = torch.bmm(weights, values.to(weights.dtype)).flatten(0, 1).to(x_gates.dtype)
        gates = x_gates + nn.functional.linear(context, self.context_weight).to(x_gates.dtype)
        return weights.flatten(0, 1), context, gates
