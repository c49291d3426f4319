"""The decoder of Bahdanau et al. 2015 for search alone, with nothing computed twice.

A step multiplies weights with the embedding of the last token, the state and the context. What a
token contributes is looked up in a table. Contexts are weighted sums of the source's values, so
their products are sums of products, W (Σ α h) = Σ α (W h), made once a sentence. What is left are
products with states: one with the old state, for the gates and the attention's query, and one
with the new.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from latimer.nn.cells import RNN
from latimer.nn.decoders.attentive_layer import AttentiveLayer
from latimer.nn.decoders.bahdanau import BahdanauDecoder
from latimer.nn.decoders.decoder import Memory, State
from latimer.nn.seq2seq import Seq2Seq

LARGEST_TABLE = 1 << 25
"""Numbers in the table of tokens, at most: 128 MB. A larger vocabulary is multiplied out."""
STEEPEST = 43.0
"""exp(2 * 43) is a float32 still. Beyond it the logistic function is 1 to all its digits."""


def fold(network: Seq2Seq, reads: int | None = None) -> Seq2Seq:
    """A network for search that agrees with `network` to rounding, and is faster.

    Weights are taken as they are now, so that it ends with the next update of a network that is
    being trained. `reads` is about how many tokens it will read, if they are few: a table of all
    tokens is made only where more are read. A network whose decoder is not that of this module is
    returned as it is.
    """
    decoder = getattr(network, "decoder", None)
    if not isinstance(decoder, BahdanauDecoder) or type(decoder.first) is not AttentiveLayer:
        return network
    if len(decoder.upper) or not isinstance(decoder.norms[0], nn.Identity):
        return network
    cell = decoder.first.weights.cell
    if isinstance(cell, RNN) and cell.relu:  # its states, and so queries, may be large
        return network
    table = reads is None or reads >= decoder.embedding.num_embeddings
    folded = cast("BahdanauDecoder", FoldedDecoder(decoder, table=table))  # to search it is one
    return Seq2Seq(network.encoder, folded, network.output, network.prior)


class FoldedDecoder(nn.Module):
    """A `BahdanauDecoder` of one layer, without dropout; for search and not differentiable.

    In its memory `keys` are exp(−keys), because 1 / (1 + exp(−q) exp(−k)) is a cheaper way to
    σ(q + k), and `values [sentences, source_time, gates * H + readout]` are products.
    """

    @torch.no_grad()
    def __init__(self, decoder: BahdanauDecoder, *, table: bool = True) -> None:
        super().__init__()
        first, attention, readout = decoder.first, decoder.attention, decoder.readout
        weights, size, value = first.weights, decoder.size, first.context_weight.shape[1]
        self.bridges, self.attention = decoder.bridges, attention
        self.cell, self.size, self.width = weights.cell, size, len(weights.weight_ih)
        of_state, of_context, of_token = readout.weight.split(
            [size, value, readout.in_features - size - value], 1
        )
        self.token = _tokens(
            decoder.embedding,
            torch.cat([weights.weight_ih, of_token]),
            torch.cat([weights.bias_ih, readout.bias]),
            table,
        )
        self.context = _linear(torch.cat([first.context_weight, of_context]))
        query = 2 * attention.query_weight
        self.state = _linear(
            torch.cat([weights.weight_hh, query]),
            torch.cat([weights.bias_hh, query.new_zeros(len(query))]),
        )
        self.read = _linear(of_state)
        self.score = 2 * attention.score_weight.detach()
        self.one = self.score.new_ones(())

    def remember(self, values: Tensor, bias: Tensor, summary: Tensor) -> Memory:
        """What steps read of the encoder's outputs `values` and `summary`."""
        return Memory(self.context(values), _power(self.attention.keys(values)), bias, summary)

    def start(self, memory: Memory) -> tuple[Tensor, ...]:
        """The layer's first state `[sentences, parts * H]`."""
        starts: tuple[Tensor, ...] = self.bridges(memory.summary)
        return starts

    def step(self, state: State, tokens: Tensor) -> tuple[Tensor, State]:
        """The readout before tanh `[rows, readout]`, and the new state."""
        memory, (before,) = state.memory, state.layers
        from_state = self.state(before[:, : self.size])
        weights = self._weigh(from_state[:, self.width :], memory)
        inputs = torch.bmm(weights, memory.values).flatten(0, 1).add_(self.token(tokens))
        gates, after = torch.empty_like(from_state[:, : self.width]), torch.empty_like(before)
        self.cell.forward_step(
            inputs[:, : self.width], from_state[:, : self.width], before, gates, after
        )
        read = self.read(after[:, : self.size]).add_(inputs[:, self.width :])
        return read, State(memory, (after,), weights.flatten(0, 1))

    def features(self, read: Tensor) -> Tensor:
        """Features `[rows, readout]` from what `step` gathered."""
        return torch.tanh(read)

    def _weigh(self, query: Tensor, memory: Memory) -> Tensor:
        """Attention weights `[sentences, width, source_time]`; `query [rows, size]` is doubled."""
        sentences, _, size = memory.keys.shape
        asked = _power(query).view(sentences, -1, 1, size)
        layer = torch.addcmul(self.one, asked, memory.keys[:, None]).reciprocal_()
        return (layer @ self.score + memory.bias[:, None]).softmax(-1)


def _power(exponents: Tensor) -> Tensor:
    """exp(−x), never so large that the product of two of them overflows."""
    return exponents.clamp(-STEEPEST, STEEPEST).neg_().exp_()


def _linear(weight: Tensor, bias: Tensor | None = None) -> nn.Linear:
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None, device="meta")
    layer.weight = nn.Parameter(weight.contiguous(), requires_grad=False)
    if bias is not None:
        layer.bias = nn.Parameter(bias, requires_grad=False)
    return layer


def _tokens(embedding: nn.Embedding, weight: Tensor, bias: Tensor, table: bool) -> nn.Module:
    """From tokens to their embeddings' products with `weight`, plus `bias`."""
    product = _linear(weight, bias)
    if not table or embedding.num_embeddings * len(weight) > LARGEST_TABLE:
        return nn.Sequential(embedding, product)
    return nn.Embedding.from_pretrained(product(embedding.weight))
