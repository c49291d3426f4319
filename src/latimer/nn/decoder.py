"""The decoder: from the source's memory and the tokens so far to features of the next token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from latimer.nn.attentive import AttentiveLayer
from latimer.nn.dropout import Dropout
from latimer.nn.recurrent import RecurrentLayer


@dataclass(frozen=True)
class Memory:
    """What the decoder reads of a batch of source sentences, padded to one length.

    `values [sentences, source_time, value]`, `keys [sentences, source_time, size]` made from them
    by the attention, `bias [sentences, source_time]` (0 on tokens, −∞ on padding) and
    `summary [sentences, value]`.
    """

    values: Tensor
    keys: Tensor
    bias: Tensor
    summary: Tensor

    def select(self, sentences: Tensor) -> Memory:
        """The memory of the given sentences `[kept]`, in their order."""
        return Memory(
            self.values[sentences],
            self.keys[sentences],
            self.bias[sentences],
            self.summary[sentences],
        )


@dataclass(frozen=True)
class State:
    """Where search stands: one row a hypothesis, grouped by sentence, equally many for each.

    `layers` are the recurrent states `[rows, parts * H]`, the first layer's first; `attention
    [rows, source_time]` are the weights of the last step, None before the first.
    """

    memory: Memory
    layers: tuple[Tensor, ...]
    attention: Tensor | None = None

    @property
    def rows(self) -> int:
        """How many hypotheses there are."""
        return len(self.layers[0])

    def select(self, rows: Tensor, sentences: Tensor | None = None) -> State:
        """The state in which hypotheses `rows [kept]` go on, in that order.

        `rows` index the present rows, may repeat, and stay grouped by sentence. `sentences
        [left]`, ascending, are given when some have ended: the others' memory is dropped.
        """
        return replace(
            self,
            memory=self.memory if sentences is None else self.memory.select(sentences),
            layers=tuple(layer[rows] for layer in self.layers),
            attention=None if self.attention is None else self.attention[rows],
        )


class Decoder(nn.Module):
    """An attentive layer, plain layers above it, and a readout (Bahdanau et al. 2015, A.2.2).

    Layers above the first read the one below and the context. The readout is
    tanh(W [s_t; c_t; e_t] + b), with the top layer's output s_t.
    """

    def __init__(
        self,
        embedding: nn.Embedding,
        bridges: list[nn.Linear],
        first: AttentiveLayer,
        upper: list[RecurrentLayer],
        readout: nn.Linear,
        dropout: float,
    ) -> None:
        super().__init__()
        self.embedding = embedding
        self.bridges = nn.ModuleList(bridges)
        self.first = first
        self.upper = nn.ModuleList(upper)
        self.readout = readout
        self.dropout = Dropout(dropout)
        self.size = first.weights.hidden_size

    def start(self, memory: Memory) -> tuple[Tensor, ...]:
        """The layers' first states `[sentences, parts * H]`: tanh(W summary + b) each."""
        dtype = self.first.weights.weight_hh.dtype
        return tuple(torch.tanh(bridge(memory.summary)).to(dtype) for bridge in self.bridges)

    def forward(
        self, memory: Memory, tokens: Tensor, active: Sequence[int]
    ) -> tuple[Tensor, Tensor]:
        """What the readout reads `[time, rows, H + value + embedding]`, and attention weights.

        `tokens [time, rows]` are the inputs, one row a sentence; weights are
        `[time, rows, source_time]`.
        """
        embedded = self.dropout(self.embedding(tokens))
        starts = self.start(memory)
        states, contexts, weights = self.first(
            embedded, starts[0], memory.keys, memory.values, memory.bias, active
        )
        hidden = states[..., : self.size]
        for layer, start in zip(self.upper, starts[1:], strict=True):
            below = torch.cat([self.dropout(hidden), contexts], 2)
            hidden = layer(below, active, start)[..., : self.size]
        return torch.cat([hidden, contexts, embedded.to(hidden.dtype)], 2), weights

    def step(self, state: State, tokens: Tensor) -> tuple[Tensor, State]:
        """What the readout reads for the next token `[rows, H + value + embedding]`; for search."""
        memory = state.memory
        embedded = self.embedding(tokens)
        first, context, weights = self.first.step(
            self.first.weights.input_gates(embedded),
            state.layers[0],
            memory.keys,
            memory.values,
            memory.bias,
        )
        layers = [first]
        for layer, before in zip(self.upper, state.layers[1:], strict=True):
            assert isinstance(layer, RecurrentLayer)
            inputs = torch.cat([layers[-1][:, : self.size], context], 1)
            layers.append(layer.step(inputs, before))
        read = torch.cat([layers[-1][:, : self.size], context, embedded.to(context.dtype)], 1)
        return read, State(memory, tuple(layers), weights)

    def features(self, read: Tensor) -> Tensor:
        """Features `[..., readout]` from what `forward` or `step` gathered."""
        return self.dropout(torch.tanh(self.readout(read)))
