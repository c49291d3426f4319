"""From the description of a network to the network, with freshly drawn weights."""

from __future__ import annotations

import torch
from torch import nn

from latimer.nn.cells import CELLS, Cell
from latimer.nn.decoders.common import Common
from latimer.nn.decoders.language_model import LanguageModel, build_unconditional
from latimer.nn.description import NetworkDescription
from latimer.nn.encoder import Bidirectional, Encoder, Forward
from latimer.nn.lexical import LexicalPrior
from latimer.nn.names import DECODERS, NETWORK_KINDS
from latimer.nn.output import Output
from latimer.nn.perceptron import SlotDecoder, SlotEncoder
from latimer.nn.seq2seq import Seq2Seq


def build_network(
    description: NetworkDescription, *, source_vocab: int, target_vocab: int
) -> Seq2Seq:
    """The network that `description` describes, for vocabularies of these sizes.

    A lexical prior is still empty. Raises ValueError where source and target share embeddings and
    the vocabularies differ in size.
    """
    builder = NETWORK_KINDS[description.kind].builder.load()
    network: Seq2Seq = builder(description, source_vocab, target_vocab)
    return network


def build_translator(
    description: NetworkDescription, source_vocab: int, target_vocab: int
) -> Seq2Seq:
    """An encoder and a decoder; raises ValueError as `build_network`."""
    # The order of these lines is the order in which weights are drawn.
    target_embedding = _embedding(target_vocab, description.embedding)
    source_embedding = _source_embedding(description, target_embedding, source_vocab)
    output = Output(_output_weight(description, target_embedding))
    encoder = _encoder(description, source_embedding)
    pieces = description.lexical_prior
    prior = LexicalPrior(source_vocab, pieces) if pieces else None
    decoder = DECODERS[description.decoder].load()(
        description, _common(description, target_embedding), encoder
    )
    return Seq2Seq(encoder, decoder, output, prior)


def build_language_model(
    description: NetworkDescription, source_vocab: int, target_vocab: int
) -> LanguageModel:
    """A decoder without an encoder; the vocabulary of the source is not used."""
    embedding = _embedding(target_vocab, description.embedding)
    output = Output(_output_weight(description, embedding))
    common = _common(description, embedding)
    return LanguageModel(build_unconditional(common), output)


def build_perceptron(
    description: NetworkDescription, source_vocab: int, target_vocab: int
) -> Seq2Seq:
    """A multilayer perceptron from slots to slots; raises ValueError as `build_network`."""
    target_embedding = _embedding(target_vocab, description.embedding)
    source_embedding = _source_embedding(description, target_embedding, source_vocab)
    output = Output(_output_weight(description, target_embedding))
    encoder = SlotEncoder(
        source_embedding,
        description.slots,
        [description.hidden] * description.hidden_layers,
        description.activation,
        description.dropout,
    )
    decoder = SlotDecoder(target_embedding, description.slots, description.hidden)
    return Seq2Seq(encoder, decoder, output)


def _common(description: NetworkDescription, embedding: nn.Embedding) -> Common:
    return Common(
        CELLS[description.cell],
        embedding,
        description.decoder_size,
        description.decoder_layers,
        description.bridge,
        description.readout,
        description.dropout,
        description.residual_from if description.residual else 0,
        description.layer_norm,
    )


def _encoder(description: NetworkDescription, embedding: nn.Embedding) -> Encoder:
    return Encoder(
        embedding,
        _encoder_layers(description, CELLS[description.cell]),
        description.dropout,
        residual=description.residual_from if description.residual else 0,
        layer_norm=description.layer_norm,
        reverse_source=description.reverse_source,
        sums_states=description.bridge == "copy",
    )


def _encoder_layers(description: NetworkDescription, cell: Cell) -> list[Bidirectional | Forward]:
    built: list[Bidirectional | Forward] = []
    inputs, directions = description.embedding, description.encoder_directions
    for k in range(description.encoder_layers):
        both = directions == "both" or (directions == "first" and k == 0)
        built.append((Bidirectional if both else Forward)(cell, inputs, description.encoder_size))
        inputs = built[-1].output_size
    return built


def _embedding(vocab: int, size: int) -> nn.Embedding:
    embedding = nn.Embedding(vocab, size)
    nn.init.normal_(embedding.weight, std=size**-0.5)
    return embedding


def _source_embedding(
    description: NetworkDescription, target: nn.Embedding, source_vocab: int
) -> nn.Embedding:
    """The target's embedding if they are shared, or a fresh one."""
    if description.tied not in ("all", "inputs"):
        return _embedding(source_vocab, description.embedding)
    if source_vocab != target.num_embeddings:
        raise ValueError(
            f"tied: {description.tied!r} needs one joint vocabulary for source and target"
        )
    return target


def _output_weight(description: NetworkDescription, embedding: nn.Embedding) -> nn.Parameter:
    """The output layer's weight: the target embedding's own, or a fresh one `[vocab, readout]`."""
    if description.tied in ("all", "target"):
        weight = embedding.weight
        assert isinstance(weight, nn.Parameter)
        return weight
    size = description.readout
    return nn.Parameter(torch.randn(embedding.num_embeddings, size) * size**-0.5)
