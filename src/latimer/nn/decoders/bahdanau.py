"""The decoder that attends to the source before each recurrent step (Bahdanau et al. 2015)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from latimer.nn.attention.bahdanau import BahdanauAttention
from latimer.nn.decoders.attentive_layer import AttentiveLayer
from latimer.nn.decoders.common import Common, recurrent_layers
from latimer.nn.decoders.decoder import Memory, State
from latimer.nn.description import NetworkDescription
from latimer.nn.dropout import Dropout
from latimer.nn.encoder import Encoder
from latimer.nn.names import ATTENTIONS, Part
from latimer.nn.recurrent import RecurrentLayer
from latimer.nn.stack import adds_input, norms, passed_up


class BahdanauDecoder(nn.Module):
    """An attentive layer, plain layers above it, and a readout (Bahdanau et al. 2015, A.2.2).

    Layers above the first read the one below and the context; with residual connections that is
    the decoder of Wu et al. 2016. The readout is tanh(W [s_t; c_t; e_t] + b), with the top
    layer's output s_t.
    """

    def __init__(
        self,
        embedding: nn.Embedding,
        bridges: nn.Module,
        first: AttentiveLayer,
        upper: list[RecurrentLayer],
        readout: nn.Linear,
        dropout: float,
        *,
        residual: int = 0,
        layer_norm: bool = False,
    ) -> None:
        super().__init__()
        self.embedding = embedding
        self.bridges = bridges
        self.first = first
        self.upper = nn.ModuleList(upper)
        self.readout = readout
        self.dropout = Dropout(dropout)
        self.size = first.weights.hidden_size
        self.norms = norms([self.size] * (1 + len(upper)), layer_norm)
        self.residual = residual

    @property
    def attention(self) -> BahdanauAttention:
        """The attention of the first layer."""
        return self.first.attention

    def remember(self, values: Tensor, bias: Tensor, summary: Tensor) -> Memory:
        """What the decoder reads of the encoder's outputs `values` and `summary`."""
        return Memory(values, self.attention.keys(values), bias, summary)

    def start(self, memory: Memory) -> tuple[Tensor, ...]:
        """The layers' first states `[sentences, parts * H]`."""
        first, *upper = self.bridges(memory.summary)
        return (self.first.begin(first, memory.bias), *upper)

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
        hidden = self.norms[0](states[..., : self.size])
        above = zip(self.upper, self.norms[1:], starts[1:], strict=True)
        for k, (layer, norm, start) in enumerate(above, 1):
            below = torch.cat([self.dropout(hidden), contexts], 2)
            output = layer(below, active, start)[..., : self.size]
            hidden = passed_up(output, hidden, norm, adds_input(k, self.residual))
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
        layers, hidden = [first], self.norms[0](first[:, : self.size])
        above = zip(self.upper, self.norms[1:], state.layers[1:], strict=True)
        for k, (layer, norm, before) in enumerate(above, 1):
            assert isinstance(layer, RecurrentLayer)
            layers.append(layer.step(torch.cat([hidden, context], 1), before))
            output = layers[-1][:, : self.size]
            hidden = passed_up(output, hidden, norm, adds_input(k, self.residual))
        read = torch.cat([hidden, context, embedded.to(context.dtype)], 1)
        return read, State(memory, tuple(layers), weights)

    def features(self, read: Tensor) -> Tensor:
        """Features `[..., readout]` from what `forward` or `step` gathered."""
        return self.dropout(torch.tanh(self.readout(read)))


def build_bahdanau(
    description: NetworkDescription, common: Common, encoder: Encoder
) -> BahdanauDecoder:
    """The decoder whose first layer attends; the layers above read the context, too.

    With residual connections this is the decoder of Wu et al. 2016.
    """
    entry, size, value = ATTENTIONS[description.attention], common.size, encoder.output_size
    options = {keyword: getattr(description, key) for keyword, key in entry.keys.items()}
    attention = Part(entry.path).load()(size, value, description.attention_size, **options)
    first = Part(entry.layer).load()(common.cell, attention, common.width, size, value)
    bridge = common.bridge_from(encoder)
    upper = recurrent_layers(common.cell, size + value, size, common.layers - 1, beside=value)
    readout = nn.Linear(size + value + common.width, common.readout)
    return BahdanauDecoder(
        common.embedding, bridge, first, upper, readout, common.dropout,
        residual=common.residual, layer_norm=common.layer_norm,
    )  # fmt: skip
