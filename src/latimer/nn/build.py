"""From numbers and names to a network. Nothing below this file sees a configuration."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import nn

from latimer.nn.attention import AFTER, BEFORE
from latimer.nn.attentive import AttentiveLayer
from latimer.nn.bridge import CopyBridge, TanhBridge, ZeroBridge
from latimer.nn.cells import CELLS, Cell
from latimer.nn.covering import CoveringLayer
from latimer.nn.decoder import Decoder
from latimer.nn.encoder import Bidirectional, Encoder, Forward
from latimer.nn.language_model import LanguageModel
from latimer.nn.luong import LuongDecoder
from latimer.nn.names import conflict
from latimer.nn.output import Output
from latimer.nn.recurrent import RecurrentLayer
from latimer.nn.seq2seq import Seq2Seq
from latimer.nn.stack import Stack
from latimer.nn.vector import VectorDecoder


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
    tied: str = "all",
    dropout: float = 0.3,
) -> Seq2Seq:
    """An encoder–decoder, or a language model, with freshly drawn weights.

    `encoder_size` is the width of one direction. `residual_from` counts layers from 1: the first
    that adds its input to its output. `tied` says which of source embedding, target
    embedding and output share their weight: "all", "inputs" (source and target), "target" (target
    and output) or "none"; "all" and "inputs" need one vocabulary, "all" and "target" need
    `readout == embedding`. Raises ValueError for a combination that cannot be.
    """
    options = {key: value for key, value in locals().items() if not key.endswith("_vocab")}
    if impossible := conflict(options):
        raise ValueError(": ".join(impossible))
    shared_inputs, shared_output = tied in ("all", "inputs"), tied in ("all", "target")
    if tied not in ("all", "inputs", "target", "none"):
        raise ValueError(f"tied: {tied!r} is not one of all, inputs, target, none")
    if shared_inputs and kind == "translator" and source_vocab != target_vocab:
        raise ValueError(f"tied: {tied!r} needs one joint vocabulary for source and target")

    cells, layers = CELLS[cell], decoder_layers
    extras: dict[str, Any] = {
        "residual": residual_from if residual else 0,
        "layer_norm": layer_norm,
    }
    stacked: Callable[[list[RecurrentLayer]], Stack] = partial(Stack, dropout=dropout, **extras)
    target_embedding = _embedding(target_vocab, embedding)
    if kind == "language_model":
        output = Output(_weight(target_embedding, shared_output, readout))
        bridges: nn.Module = ZeroBridge(cells.parts * decoder_size, layers)
        stack = stacked(_layers(cells, embedding, decoder_size, layers))
        into = nn.Linear(decoder_size, readout)
        return LanguageModel(
            VectorDecoder(target_embedding, bridges, stack, into, dropout, every_step=False), output
        )
    source_embedding = target_embedding if shared_inputs else _embedding(source_vocab, embedding)
    output = Output(_weight(target_embedding, shared_output, readout))
    encoder = Encoder(
        source_embedding,
        _encoder_layers(cells, embedding, encoder_size, encoder_layers, encoder_directions),
        dropout,
        **extras,
        reverse_source=reverse_source,
        sums_states=bridge == "copy",
    )
    value = encoder.output_size
    if attention in BEFORE:
        layer = CoveringLayer if attention == "coverage" else AttentiveLayer
        scores = BEFORE[attention](decoder_size, value, attention_size)
        first = layer(cells, scores, embedding, decoder_size, value)
        bridges = _bridges(bridge, cells, value, decoder_size, layers)
        upper = _layers(cells, decoder_size + value, decoder_size, layers - 1, beside=value)
        into = nn.Linear(decoder_size + value + embedding, readout)
        before = Decoder(target_embedding, bridges, first, upper, into, dropout, **extras)
        return Seq2Seq(encoder, before, output)
    bridges = _bridges(bridge, cells, value, decoder_size, layers)
    if attention == "none":
        every_step = fixed_vector == "every_step"
        beside = embedding + encoder.summary_size if every_step else 0
        stack = stacked(_layers(cells, beside or embedding, decoder_size, layers))
        into = nn.Linear(decoder_size + beside, readout)
        vector = VectorDecoder(
            target_embedding, bridges, stack, into, dropout, every_step=every_step
        )
        return Seq2Seq(encoder, vector, output)
    fed = readout if input_feeding else 0
    stack = stacked(_layers(cells, embedding + fed, decoder_size, layers))
    window = {"window": attention_window} if attention == "luong_local" else {}
    asked = AFTER[attention](decoder_size, value, attention_size, **window)
    into = nn.Linear(decoder_size + value, readout)
    after = LuongDecoder(
        target_embedding, bridges, stack, asked, into, dropout, input_feeding=input_feeding
    )
    return Seq2Seq(encoder, after, output)


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


def _bridges(bridge: str, cell: Cell, summary: int, size: int, layers: int) -> nn.Module:
    if bridge == "copy":
        return CopyBridge(cell.parts * size)
    return TanhBridge(summary, cell.parts * size, layers)


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
