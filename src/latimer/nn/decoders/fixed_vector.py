"""The decoder that has no attention, but at most one vector for the whole source.

The vector starts the decoder (Sutskever et al. 2014), or starts it and is read at every step
besides (Cho et al. 2014).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from latimer.nn.decoders.common import Common
from latimer.nn.decoders.decoder import Memory, State
from latimer.nn.description import NetworkDescription
from latimer.nn.dropout import Dropout
from latimer.nn.encoder import Encoder
from latimer.nn.stack import Stack


class FixedVectorDecoder(nn.Module):
    """A stack over the embeddings and, with `every_step`, the source's vector beside each.

    The readout is tanh(W s_t + b), with `every_step` tanh(W [s_t; summary; e_t] + b).
    """

    attention = None

    def __init__(
        self,
        embedding: nn.Embedding,
        bridges: nn.Module,
        stack: Stack,
        readout: nn.Linear,
        dropout: float,
        *,
        every_step: bool,
    ) -> None:
        super().__init__()
        self.embedding = embedding
        self.bridges = bridges
        self.stack = stack
        self.readout = readout
        self.dropout = Dropout(dropout)
        self.every_step = every_step

    def remember(self, values: Tensor, bias: Tensor, summary: Tensor) -> Memory:
        """The memory of sentences with this `summary`; nothing of single positions is kept."""
        return Memory(values[:, :0], values[:, :0], bias[:, :0], summary)

    def start(self, memory: Memory) -> tuple[Tensor, ...]:
        """The layers' first states `[sentences, parts * H]`."""
        starts: tuple[Tensor, ...] = self.bridges(memory.summary)
        return starts

    def forward(self, memory: Memory, tokens: Tensor, active: Sequence[int]) -> tuple[Tensor, None]:
        """What the readout reads `[time, rows, …]`; there are no attention weights.

        `tokens [time, rows]` are the inputs, one row a sentence.
        """
        embedded = self.dropout(self.embedding(tokens))
        vector = memory.summary.expand(len(tokens), -1, -1)
        hidden, _ = self.stack(self._inputs(embedded, vector), self.start(memory), active)
        return self._read(hidden, vector, embedded), None

    def step(self, state: State, tokens: Tensor) -> tuple[Tensor, State]:
        """What the readout reads for the next token `[rows, …]`, and the new state; for search."""
        summary, embedded = state.memory.summary, self.embedding(tokens)
        width = len(tokens) // max(1, len(summary))
        vector = summary.repeat_interleave(width, 0) if self.every_step else summary
        hidden, layers = self.stack.step(self._inputs(embedded, vector), state.layers)
        return self._read(hidden, vector, embedded), State(state.memory, tuple(layers))

    def _inputs(self, embedded: Tensor, vector: Tensor) -> Tensor:
        return torch.cat([embedded.to(vector.dtype), vector], -1) if self.every_step else embedded

    def _read(self, hidden: Tensor, vector: Tensor, embedded: Tensor) -> Tensor:
        if not self.every_step:
            return hidden
        return torch.cat([hidden, vector.to(hidden.dtype), embedded.to(hidden.dtype)], -1)

    def features(self, read: Tensor) -> Tensor:
        """Features `[..., readout]` from what `forward` or `step` gathered."""
        return self.dropout(torch.tanh(self.readout(read)))


def build_fixed_vector(
    description: NetworkDescription, common: Common, encoder: Encoder
) -> FixedVectorDecoder:
    """The decoder that reads the encoder's summary, at every step or only at the start."""
    every_step = description.fixed_vector == "every_step"
    bridge, width = common.bridge_from(encoder), common.width
    beside = width + encoder.summary_size if every_step else 0
    stack, readout = common.stack(beside or width), nn.Linear(common.size + beside, common.readout)
    return FixedVectorDecoder(
        common.embedding, bridge, stack, readout, common.dropout, every_step=every_step
    )
