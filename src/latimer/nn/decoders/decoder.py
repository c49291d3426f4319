"""The decoder: from the source's memory and the tokens so far to features of the next token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from latimer.nn.attention.bahdanau import BahdanauAttention
from latimer.nn.decoders.attentive_layer import AttentiveLayer
from latimer.nn.dropout import Dropout
from latimer.nn.lexical import SentenceLexicon
from latimer.nn.recurrent import RecurrentLayer
from latimer.nn.stack import adds_input, norms, passed_up


@dataclass(frozen=True)
class Memory:
    """What the decoder reads of a batch of source sentences, padded to one length.

    `values [sentences, source_time, value]`, `keys [sentences, source_time, size]` made from them
    by the attention, `bias [sentences, source_time]` (0 on tokens, −∞ on padding) and
    `summary [sentences, summary]`. Without attention `source_time` is 0. `lexicon` is that of the
    sentences where the network has a lexical prior.
    """

    values: Tensor
    keys: Tensor
    bias: Tensor
    summary: Tensor
    lexicon: SentenceLexicon | None = None

    def select(self, sentences: Tensor) -> Memory:
        """The memory of the given sentences `[kept]`, in their order."""
        return Memory(
            self.values[sentences],
            self.keys[sentences],
            self.bias[sentences],
            self.summary[sentences],
            None if self.lexicon is None else self.lexicon.select(sentences),
        )

    def first(self, n: int) -> Memory:
        """The memory of the first `n` sentences, as views."""
        lexicon = None if self.lexicon is None else self.lexicon.first(n)
        return Memory(self.values[:n], self.keys[:n], self.bias[:n], self.summary[:n], lexicon)


@dataclass(frozen=True)
class State:
    """Where search stands: one row a hypothesis, grouped by sentence, equally many for each.

    `layers` are the recurrent states `[rows, parts * H]`, the first layer's first, and whatever
    else a decoder carries from step to step; `attention [rows, source_time]` are the weights of
    the last step, None before the first and without attention.
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
