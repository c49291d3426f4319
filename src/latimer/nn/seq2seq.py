"""The encoder–decoder: teacher forcing for training, one step at a time for search."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from latimer.nn.decoder import Decoder, Memory, State
from latimer.nn.luong import LuongDecoder
from latimer.nn.output import Output
from latimer.nn.recurrent import active_rows
from latimer.nn.vector import VectorDecoder


def pack(padded: Tensor, lengths: Tensor) -> Tensor:
    """The first `lengths [batch]` entries of each row of `padded [batch, time, …]`: `[tokens, …]`.

    Tokens are ordered by time, then by row: all first tokens come first.
    """
    by_time = padded.transpose(0, 1)
    if int(lengths.min()) == padded.shape[1]:
        return by_time.flatten(0, 1)  # as usual after sorting by length, and free
    time = torch.arange(padded.shape[1], device=padded.device)
    return by_time[time[:, None] < lengths]


class Seq2Seq(nn.Module):
    """An encoder, a decoder, and an output layer. It is a search `Scorer`."""

    def __init__(
        self, encoder: nn.Module, decoder: Decoder | LuongDecoder | VectorDecoder, output: Output
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.output = output

    @property
    def attention(self) -> nn.Module | None:
        """The decoder's attention, if it has one."""
        return self.decoder.attention

    @property
    def device(self) -> torch.device:
        """Where the parameters are."""
        return self.output.weight.device

    def encode(self, source: Tensor, lengths: Tensor) -> Memory:
        """The memory of `source [batch, time]` with `lengths [batch]`, at least 1 each."""
        values, summary = self.encoder(source, lengths)
        padding = torch.arange(values.shape[1], device=source.device) >= lengths[:, None]
        bias = torch.zeros_like(padding, dtype=self.output.weight.dtype)
        bias = bias.masked_fill(padding, float("-inf"))
        return self.decoder.remember(values, bias, summary)

    def features(self, memory: Memory, targets: Tensor, lengths: Tensor | None = None) -> Tensor:
        """What the output layer reads, under teacher forcing.

        `targets [batch, time]` are the decoder's inputs, BOS first. Without `lengths`:
        `[batch, time, readout]`. With `lengths [batch]`, falling: `[tokens, readout]` in the order
        of `pack`, and padding costs nothing. Raises ValueError when they do not fall.
        """
        batch, time = targets.shape
        if lengths is None:
            read, _ = self.decoder(memory, targets.t(), [batch] * time)
            return self.decoder.features(read).transpose(0, 1)
        counts = lengths.tolist()
        if sorted(counts, reverse=True) != counts:
            raise ValueError("rows must be sorted by target length, longest first")
        active = active_rows(counts)
        read, _ = self.decoder(memory, targets[:, : len(active)].t(), active)
        return self.decoder.features(pack(read.transpose(0, 1), lengths))

    def decode(self, memory: Memory, targets: Tensor) -> Tensor:
        """Logits `[batch, time, vocab]` of every next token, under teacher forcing.

        `targets [batch, time]` are the decoder's inputs, BOS first.
        """
        return self.output(self.features(memory, targets))

    def attend(self, memory: Memory, targets: Tensor) -> Tensor:
        """Attention weights `[batch, time, source_time]` under teacher forcing; no gradient.

        Raises ValueError when the network has no attention.
        """
        batch, time = targets.shape
        _, weights = self.decoder(memory, targets.t(), [batch] * time)
        if weights is None:
            raise ValueError("this network has no attention")
        return weights.transpose(0, 1)

    @torch.no_grad()
    def start(self, source: Tensor, lengths: Tensor) -> State:
        """The state before the first token of `source [batch, time]`, one row a sentence."""
        memory = self.encode(source, lengths)
        return State(memory, self.decoder.start(memory))

    @torch.no_grad()
    def step(self, state: State, tokens: Tensor) -> tuple[Tensor, State]:
        """Logits `[rows, vocab]` after `tokens [rows]`, and the state that has read them.

        Not differentiable; agrees with `decode` to rounding when the network is in `eval` mode.
        """
        read, state = self.decoder.step(state, tokens)
        return self.output(self.decoder.features(read)), state
