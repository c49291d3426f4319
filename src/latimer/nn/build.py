"""From numbers and names to a network. Nothing below this file sees a configuration."""

from __future__ import annotations

import torch
from torch import nn

from latimer.nn.attention import ATTENTIONS
from latimer.nn.attentive import AttentiveLayer
from latimer.nn.cells import CELLS, Cell
from latimer.nn.decoder import Decoder
from latimer.nn.encoder import Bidirectional, Encoder
from latimer.nn.output import Output
from latimer.nn.recurrent import RecurrentLayer
from latimer.nn.seq2seq import Seq2Seq


def build_seq2seq(
    *,
    source_vocab: int,
    target_vocab: int,
    cell: str = "gru",
    embedding: int = 256,
    encoder_size: int = 256,
    encoder_layers: int = 1,
    decoder_size: int = 512,
    decoder_layers: int = 1,
    attention: str = "bahdanau",
    attention_size: int = 512,
    readout: int = 256,
    tied: str = "all",
    dropout: float = 0.3,
) -> Seq2Seq:
    """An attentive encoder–decoder with freshly drawn weights.

    `encoder_size` is the width of one direction. `tied` says which of source embedding, target
    embedding and output share their weight: "all", "inputs" (source and target), "target" (target
    and output) or "none"; "all" and "inputs" need one vocabulary, "all" and "target" need
    `readout == embedding`. Raises ValueError for a combination that cannot be.
    """
    shared_inputs, shared_output = tied in ("all", "inputs"), tied in ("all", "target")
    if tied not in ("all", "inputs", "target", "none"):
        raise ValueError(f"tied: {tied!r} is not one of all, inputs, target, none")
    if shared_inputs and source_vocab != target_vocab:
        raise ValueError(f"tied: {tied!r} needs one joint vocabulary for source and target")
    if shared_output and readout != embedding:
        raise ValueError(f"tied: {tied!r} needs readout == embedding, not {readout}, {embedding}")
    target_embedding = _embedding(target_vocab, embedding)
    source_embedding = target_embedding if shared_inputs else _embedding(source_vocab, embedding)
    output = Output(_weight(target_embedding, shared_output, readout))

    cell_steps = CELLS[cell]
    encoder = build_encoder(cell_steps, source_embedding, encoder_size, encoder_layers, dropout)
    value = encoder.output_size
    first = AttentiveLayer(
        cell_steps,
        ATTENTIONS[attention](decoder_size, value, attention_size),
        embedding,
        decoder_size,
        value,
    )
    decoder = Decoder(
        target_embedding,
        [nn.Linear(value, cell_steps.parts * decoder_size) for _ in range(decoder_layers)],
        first,
        [
            RecurrentLayer(cell_steps, decoder_size + value, decoder_size)
            for _ in range(decoder_layers - 1)
        ],
        nn.Linear(decoder_size + value + embedding, readout),
        dropout,
    )
    return Seq2Seq(encoder, decoder, output)


def build_encoder(
    cell: Cell, embedding: nn.Embedding, size: int, layers: int, dropout: float
) -> Encoder:
    """A stack of bidirectional layers, `size` wide in each direction."""
    inputs = [embedding.embedding_dim] + [2 * size] * (layers - 1)
    return Encoder(embedding, [Bidirectional(cell, width, size) for width in inputs], dropout)


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
