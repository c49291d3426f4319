"""The decoder that reads the source after the recurrence (Luong et al. 2015).

h_t = the stack's output, c_t = the context its attention reads with h_t, and the attentional
vector h̃_t = tanh(W [h_t; c_t] + b) is what the output layer reads (equation 5). With input
feeding (section 3.3) h̃_{t−1} enters the stack beside the embedding of step t; without it the
states of all steps are known before the first is used, and attention is a single product.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from latimer.nn.attention import AttentionAfter
from latimer.nn.decoders.common import Common
from latimer.nn.decoders.decoder import Memory, State
from latimer.nn.description import NetworkDescription
from latimer.nn.dropout import Dropout
from latimer.nn.encoder import Encoder
from latimer.nn.names import ATTENTIONS, Part
from latimer.nn.recurrent import grown
from latimer.nn.stack import Stack


class LuongDecoder(nn.Module):
    """A stack, an attention that its outputs ask, and the attentional vector."""

    def __init__(
        self,
        embedding: nn.Embedding,
        bridges: nn.Module,
        stack: Stack,
        attention: AttentionAfter,
        readout: nn.Linear,
        dropout: float,
        *,
        input_feeding: bool,
    ) -> None:
        super().__init__()
        self.embedding = embedding
        self.bridges = bridges
        self.stack = stack
        self.attention = attention
        self.readout = readout
        self.dropout = Dropout(dropout)
        self.input_feeding = input_feeding

    def remember(self, values: Tensor, bias: Tensor, summary: Tensor) -> Memory:
        """What the decoder reads of the encoder's outputs `values` and `summary`."""
        return Memory(values, self.attention.keys(values), bias, summary)

    def start(self, memory: Memory) -> tuple[Tensor, ...]:
        """The layers' first states, and with input feeding a zero h̃ `[sentences, readout]`."""
        starts: tuple[Tensor, ...] = self.bridges(memory.summary)
        if not self.input_feeding:
            return starts
        return (*starts, starts[0].new_zeros(len(starts[0]), self.readout.out_features))

    def forward(
        self, memory: Memory, tokens: Tensor, active: Sequence[int]
    ) -> tuple[Tensor, Tensor]:
        """What `features` reads `[time, rows, …]`, and attention weights.

        `tokens [time, rows]` are the inputs, one row a sentence; weights are
        `[time, rows, source_time]`.
        """
        embedded = self.dropout(self.embedding(tokens))
        if self.input_feeding:
            return self._by_step(memory, embedded, active)
        hidden, _ = self.stack(embedded, self.start(memory), active)
        contexts, weights = self._attend(hidden.transpose(0, 1), memory)
        read = torch.cat([hidden, contexts.transpose(0, 1)], 2)
        return read, weights.transpose(0, 1)

    def _by_step(
        self, memory: Memory, embedded: Tensor, active: Sequence[int]
    ) -> tuple[Tensor, Tensor]:
        *states, vector = self.start(memory)
        rows, steps = len(vector), []
        for t, n in enumerate(active):
            inputs = torch.cat([embedded[t, :n].to(vector.dtype), vector[:n]], 1)
            hidden, after = self.stack(inputs[None], [state[:n] for state in states], [n])
            states = [state[0] for state in after]
            contexts, weights = self._attend(hidden.transpose(0, 1), memory.first(n))
            vector = self._vector(torch.cat([hidden[0], contexts[:, 0]], 1))
            steps.append((vector, weights[:, 0]))
        vectors, read = (grown(part, rows) for part in zip(*steps, strict=True))
        return vectors, read

    def step(self, state: State, tokens: Tensor) -> tuple[Tensor, State]:
        """What `features` reads for the next token `[rows, …]`, and the new state; for search."""
        memory = state.memory
        inputs, layers = self.embedding(tokens), list(state.layers)
        if self.input_feeding:
            fed = layers.pop()
            inputs = torch.cat([inputs.to(fed.dtype), fed], 1)
        hidden, after = self.stack.step(inputs, layers)
        queries = hidden.view(len(memory.values), -1, self.stack.size)
        contexts, weights = self._attend(queries, memory)
        read = torch.cat([hidden, contexts.flatten(0, 1)], 1)
        if self.input_feeding:
            read = self._vector(read)
            after.append(read)
        return read, State(memory, tuple(after), weights.flatten(0, 1))

    def features(self, read: Tensor) -> Tensor:
        """Attentional vectors `[..., readout]` from what `forward` or `step` gathered."""
        return read if self.input_feeding else self._vector(read)

    def _attend(self, queries: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        """Contexts `[sentences, n, value]` and weights for `queries [sentences, n, H]`."""
        weights = self.attention(queries, memory.keys, memory.bias)
        contexts = torch.bmm(weights, memory.values.to(weights.dtype))
        return contexts.to(queries.dtype), weights

    def _vector(self, read: Tensor) -> Tensor:
        return self.dropout(torch.tanh(self.readout(read))).to(read.dtype)


def build_luong(description: NetworkDescription, common: Common, encoder: Encoder) -> LuongDecoder:
    """The decoder whose top layer's output asks what is attended to."""
    entry, fed = ATTENTIONS[description.attention], description.input_feeding
    bridge, size, value = common.bridge_from(encoder), common.size, encoder.output_size
    stack = common.stack(common.width + (common.readout if fed else 0))
    options = {keyword: getattr(description, key) for keyword, key in entry.keys.items()}
    attention = Part(entry.path).load()(size, value, description.attention_size, **options)
    readout = nn.Linear(size + value, common.readout)
    return LuongDecoder(
        common.embedding, bridge, stack, attention, readout, common.dropout, input_feeding=fed
    )
