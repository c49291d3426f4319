"""The encoder–decoder: teacher forcing for training, one step at a time for search."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from latimer.nn.decoders.decoder import Decoder, Memory, State
from latimer.nn.lexical import LexicalPrior, SentenceLexicon, TokenPrior
from latimer.nn.output import Features, Output
from latimer.nn.recurrent import active_rows


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
    """An encoder, a decoder, and an output layer. It is a search `Scorer`.

    With a lexical `prior` what the source's pieces may become is added to the output layer's
    logits, through the weights of the decoder's attention.
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: Decoder,
        output: Output,
        prior: LexicalPrior | None = None,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.output = output
        self.prior = prior

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
        time = values.shape[1]
        padding = torch.arange(time, device=source.device) >= lengths[:, None]
        bias = torch.zeros_like(padding, dtype=self.output.weight.dtype)
        bias = bias.masked_fill(padding, float("-inf"))
        memory = self.decoder.remember(values, bias, summary)
        if self.prior is None:
            return memory
        return replace(memory, lexicon=self.prior(source[:, :time]))

    def features(self, memory: Memory, targets: Tensor, lengths: Tensor) -> Features:
        """What the output layer reads, under teacher forcing, in the order of `pack`.

        `targets [batch, time]` are the decoder's inputs, BOS first, `lengths [batch]`, falling,
        their numbers; padding costs nothing. Raises ValueError when they do not fall.
        """
        counts = lengths.tolist()
        if sorted(counts, reverse=True) != counts:
            raise ValueError("rows must be sorted by target length, longest first")
        active = active_rows(counts)
        read, weights = self.decoder(memory, targets[:, : len(active)].t(), active)
        values = self.decoder.features(pack(read.transpose(0, 1), lengths))
        if memory.lexicon is None or weights is None:
            return Features(values)
        return Features(values, _token_prior(memory.lexicon, weights, lengths))

    def decode(self, memory: Memory, targets: Tensor) -> Tensor:
        """Logits `[batch, time, vocab]` of every next token, under teacher forcing.

        `targets [batch, time]` are the decoder's inputs, BOS first.
        """
        batch, time = targets.shape
        features = self.features(memory, targets, torch.full((batch,), time, device=self.device))
        return self.output.logits(features).unflatten(0, (time, batch)).transpose(0, 1)

    def attend(self, memory: Memory, targets: Tensor) -> Tensor:
        """Attention weights `[batch, time, source_time]` under teacher forcing; no gradient.

        Raises ValueError when the network has no attention.
        """
        batch, time = targets.shape
        _, weights = self.decoder(memory, targets.t(), [batch] * time)
        if weights is None:
            raise ValueError("this network has no attention")
        return weights.detach().transpose(0, 1)

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
        logits = self.output(self.decoder.features(read))
        lexicon = state.memory.lexicon
        if lexicon is not None and state.attention is not None:
            logits = lexicon.add_to(logits, state.attention)
        return logits, state


def _token_prior(lexicon: SentenceLexicon, weights: Tensor, lengths: Tensor) -> TokenPrior:
    """What a lexicon expects where attention has `weights [time, batch, source_time]`, packed."""
    expected = lexicon.expected(weights.transpose(0, 1))
    sentences = torch.arange(len(lengths), device=lengths.device)
    owners = sentences[:, None].expand(expected.shape[:2])
    return TokenPrior(pack(expected, lengths), pack(owners, lengths), lexicon.pieces)
