"""The parts that a network can be built from, by name; known without loading PyTorch.

A new cell is a file in `latimer.nn.cells` and an entry here; a new attention a file in
`latimer.nn.attention` and an entry here; a new decoder a file in `latimer.nn.decoders` and an entry
here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Literal

NetworkKind = Literal["translator", "language_model", "perceptron"]
CellName = Literal["gru", "lstm", "rnn", "rnn_relu"]
AttentionName = Literal[
    "bahdanau", "coverage", "luong_dot", "luong_general", "luong_concat", "luong_local", "none"
]
Directions = Literal["both", "first", "forward"]
Reads = Literal["reference", "source"]
Bridge = Literal["tanh", "copy"]
FixedVector = Literal["every_step", "start"]
Tied = Literal["all", "inputs", "target", "none"]
DecoderName = Literal["bahdanau", "luong", "fixed_vector"]
ActivationName = Literal["tanh", "sigmoid"]


@dataclass(frozen=True)
class Part:
    """A class or function that is imported when it is needed.

    path: `module:name`; options: keyword arguments that it is called with.
    """

    path: str
    options: Mapping[str, Any] = field(default_factory=dict)

    def load(self) -> Any:
        """The class or function itself."""
        module, _, name = self.path.partition(":")
        return getattr(import_module(module), name)


@dataclass(frozen=True)
class Attention:
    """An attention: what it is made of, and which decoder it belongs to.

    path: `module:class`; decoder: a name of `DECODERS`; layer: for the decoder `bahdanau`, the
    recurrent layer that attends; keys: keyword arguments of the class and the keys of the network's
    description that they are taken from; equal_widths: whether the decoder must be as wide as the
    encoder's output.
    """

    path: str
    decoder: DecoderName
    layer: str = "latimer.nn.decoders.attentive_layer:AttentiveLayer"
    keys: Mapping[str, str] = field(default_factory=dict)
    equal_widths: bool = False


@dataclass(frozen=True)
class NetworkShape:
    """A kind of network: what builds it, and whether it has an encoder."""

    builder: Part
    reads_source: bool


NETWORK_KINDS: dict[NetworkKind, NetworkShape] = {
    "translator": NetworkShape(Part("latimer.nn.build:build_translator"), reads_source=True),
    "language_model": NetworkShape(
        Part("latimer.nn.build:build_language_model"), reads_source=False
    ),
    "perceptron": NetworkShape(Part("latimer.nn.build:build_perceptron"), reads_source=True),
}
"""Builders are called with `(description, source_vocab, target_vocab)`."""

CELLS: dict[CellName, Part] = {
    "gru": Part("latimer.nn.cells.gru:GRU"),
    "lstm": Part("latimer.nn.cells.lstm:LSTM"),
    "rnn": Part("latimer.nn.cells.rnn:RNN"),
    "rnn_relu": Part("latimer.nn.cells.rnn:RNN", {"relu": True}),
}

ATTENTIONS: dict[AttentionName, Attention] = {
    "bahdanau": Attention("latimer.nn.attention.bahdanau:BahdanauAttention", "bahdanau"),
    "coverage": Attention(
        "latimer.nn.attention.coverage:CoverageAttention",
        "bahdanau",
        layer="latimer.nn.decoders.coverage_layer:CoveringLayer",
    ),
    "luong_dot": Attention("latimer.nn.attention.dot:DotAttention", "luong", equal_widths=True),
    "luong_general": Attention("latimer.nn.attention.general:GeneralAttention", "luong"),
    "luong_concat": Attention("latimer.nn.attention.concat:ConcatAttention", "luong"),
    "luong_local": Attention(
        "latimer.nn.attention.local:LocalAttention", "luong", keys={"window": "attention_window"}
    ),
    "none": Attention("", "fixed_vector"),
}
"""What the decoder attends with; `none` has no class."""

DECODERS: dict[DecoderName, Part] = {
    "bahdanau": Part("latimer.nn.decoders.bahdanau:build_bahdanau"),
    "luong": Part("latimer.nn.decoders.luong:build_luong"),
    "fixed_vector": Part("latimer.nn.decoders.fixed_vector:build_fixed_vector"),
}
"""Builders of decoders that read a source; each is called with `(description, common, encoder)`."""


def with_decoder(decoder: DecoderName) -> tuple[AttentionName, ...]:
    """The attentions that belong to `decoder`."""
    return tuple(name for name, entry in ATTENTIONS.items() if entry.decoder == decoder)
