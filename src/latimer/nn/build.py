"""From numbers and names to a network. Nothing below this file sees a configuration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import nn

from latimer.nn.attention import AFTER, BEFORE, AttentionAfter
from latimer.nn.bridge import CopyBridge, TanhBridge, ZeroBridge
from latimer.nn.cells import CELLS, Cell
from latimer.nn.decoders.attentive_layer import AttentiveLayer
from latimer.nn.decoders.coverage_layer import CoveringLayer
from latimer.nn.decoders.decoder import Decoder
from latimer.nn.decoders.fixed_vector import VectorDecoder
from latimer.nn.decoders.language_model import LanguageModel
from latimer.nn.decoders.luong import LuongDecoder
from latimer.nn.encoder import Bidirectional, Encoder, Forward
from latimer.nn.lexical import LexicalPrior
from latimer.nn.names import conflict
from latimer.nn.output import Output
from latimer.nn.recurrent import RecurrentLayer
from latimer.nn.seq2seq import Seq2Seq
from latimer.nn.stack import Stack


def build_seq2seq(
    *,
    source_vocab: int,
    target_vocab: int,
    kind: str = "translator",
    cell: str = "gru",
    embedding: int = 256,
    encoder_size: int = 256,
    encoder_layers: int = 1,
    encoder_directions: str = "both",
    reverse_source: bool = False,
    decoder_size: int = 512,
    decoder_layers: int = 1,
    bridge: str = "tanh",
    attention: str = "bahdanau",
    attention_size: int = 512,
    attention_window: int = 10,
    input_feeding: bool = False,
    fixed_vector: str = "every_step",
    residual: bool = False,
    residual_from: int = 2,
    layer_norm: bool = False,
    readout: int = 256,
    lexical_prior: int = 0,
    tied: str = "all",
    dropout: float = 0.3,
) -> Seq2Seq:
    """An encoder–decoder, or a language model, with freshly drawn weights.

    `encoder_size` is the width of one direction. `residual_from` counts layers from 1: the first
    that adds its input to its output. `lexical_prior` is how many translations the table of a
    lexical prior, still empty, names for each source piece, 0 for none. `tied` says which of
    source embedding, target embedding and output share their weight: "all", "inputs" (source and
    target), "target" (target and output) or "none"; "all" and "inputs" need one vocabulary, "all"
    and "target" need `readout == embedding`. Raises ValueError for a combination that cannot be.
    """
    options = {key: value for key, value in locals().items() if not key.endswith("_vocab")}
    if impossible := conflict(options):
        raise ValueError(": ".join(impossible))
    shared_inputs, shared_output = tied in ("all", "inputs"), tied in ("all", "target")
    if tied not in ("all", "inputs", "target", "none"):
        raise ValueError(f"tied: {tied!r} is not one of all, inputs, target, none")
    if shared_inputs and kind == "translator" and source_vocab != target_vocab:
        raise ValueError(f"tied: {tied!r} needs one joint vocabulary for source and target")

    extras: dict[str, Any] = {
        "residual": residual_from if residual else 0,
        "layer_norm": layer_norm,
    }
    target_embedding = _embedding(target_vocab, embedding)
    decoder = _Decoding(
        CELLS[cell], target_embedding, decoder_size, decoder_layers, bridge, readout, dropout,
        extras,
    )  # fmt: skip
    if kind == "language_model":
        output = Output(_weight(target_embedding, shared_output, readout))
        return LanguageModel(decoder.of_fixed_vector(None, every_step=False), output)
    source_embedding = target_embedding if shared_inputs else _embedding(source_vocab, embedding)
    output = Output(_weight(target_embedding, shared_output, readout))
    encoder = Encoder(
        source_embedding,
        _encoder_layers(CELLS[cell], embedding, encoder_size, encoder_layers, encoder_directions),
        dropout,
        **extras,
        reverse_source=reverse_source,
        sums_states=bridge == "copy",
    )
    prior = LexicalPrior(source_vocab, lexical_prior) if lexical_prior else None
    if attention == "none":
        vector = decoder.of_fixed_vector(encoder, every_step=fixed_vector == "every_step")
        return Seq2Seq(encoder, vector, output)
    if attention in BEFORE:
        before = decoder.attending_before(encoder, attention, attention_size)
        return Seq2Seq(encoder, before, output, prior)
    window = {"window": attention_window} if attention == "luong_local" else {}
    scores = partial(AFTER[attention], decoder_size, encoder.output_size, attention_size, **window)
    after = decoder.attending_after(encoder, scores, input_feeding=input_feeding)
    return Seq2Seq(encoder, after, output, prior)


@dataclass(frozen=True)
class _Decoding:
    """What the decoders have in common; weights are drawn in the order of the lines here."""

    cell: Cell
    embedding: nn.Embedding
    size: int
    layers: int
    bridge: str
    readout: int
    dropout: float
    extras: dict[str, Any]

    def of_fixed_vector(self, encoder: Encoder | None, *, every_step: bool) -> VectorDecoder:
        """Without attention; of a language model, which has no encoder, from the zero state."""
        width, bridge = self.embedding.embedding_dim, self._bridge(encoder)
        beside = width + encoder.summary_size if encoder is not None and every_step else 0
        stack, into = self._stack(beside or width), nn.Linear(self.size + beside, self.readout)
        return VectorDecoder(
            self.embedding, bridge, stack, into, self.dropout, every_step=every_step
        )

    def attending_before(self, encoder: Encoder, attention: str, attention_size: int) -> Decoder:
        """The first layer reads what it attended to; so do those above it, and the output."""
        width, value = self.embedding.embedding_dim, encoder.output_size
        layer = CoveringLayer if attention == "coverage" else AttentiveLayer
        scores = BEFORE[attention](self.size, value, attention_size)
        first = layer(self.cell, scores, width, self.size, value)
        bridge = self._bridge(encoder)
        upper = _layers(self.cell, self.size + value, self.size, self.layers - 1, beside=value)
        into = nn.Linear(self.size + value + width, self.readout)
        return Decoder(self.embedding, bridge, first, upper, into, self.dropout, **self.extras)

    def attending_after(
        self, encoder: Encoder, scores: Callable[[], AttentionAfter], *, input_feeding: bool
    ) -> LuongDecoder:
        """The top layer's output asks what is attended to (Luong et al. 2015)."""
        bridge, width = self._bridge(encoder), self.embedding.embedding_dim
        stack, asked = self._stack(width + (self.readout if input_feeding else 0)), scores()
        into = nn.Linear(self.size + encoder.output_size, self.readout)
        return LuongDecoder(
            self.embedding, bridge, stack, asked, into, self.dropout, input_feeding=input_feeding
        )

    def _stack(self, inputs: int) -> Stack:
        layers = _layers(self.cell, inputs, self.size, self.layers)
        return Stack(layers, dropout=self.dropout, **self.extras)

    def _bridge(self, encoder: Encoder | None) -> nn.Module:
        state = self.cell.parts * self.size
        if encoder is None:
            return ZeroBridge(state, self.layers)
        if self.bridge == "copy":
            return CopyBridge(state)
        return TanhBridge(encoder.output_size, state, self.layers)


def _encoder_layers(
    cell: Cell, inputs: int, size: int, layers: int, directions: str
) -> list[Bidirectional | Forward]:
    """Layers `size` wide in each direction: "both", "forward", or both in the "first" alone."""
    built: list[Bidirectional | Forward] = []
    for k in range(layers):
        both = directions == "both" or (directions == "first" and k == 0)
        built.append((Bidirectional if both else Forward)(cell, inputs, size))
        inputs = built[-1].output_size
    return built


def _layers(
    cell: Cell, inputs: int, size: int, layers: int, *, beside: int = 0
) -> list[RecurrentLayer]:
    """Forward layers, each above the first reading the one below and `beside` columns more."""
    widths = [inputs] + [size + beside] * (layers - 1)
    return [RecurrentLayer(cell, width, size) for width in widths[:layers]]


def _embedding(vocab: int, size: int) -> nn.Embedding:
    embedding = nn.Embedding(vocab, size)
    nn.init.normal_(embedding.weight, std=size**-0.5)
    return embedding


def _weight(embedding: nn.Embedding, shared: bool, size: int) -> nn.Parameter:
    """The output layer's weight: the target embedding's own, or a fresh one `[vocab, size]`."""
    if shared:
        weight = embedding.weight
        assert isinstance(weight, nn.Parameter)
        return weight
    return nn.Parameter(torch.randn(embedding.num_embeddings, size) * size**-0.5)
