"""The names of the parts a network is built from, where no PyTorch is needed to know them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

Kind = Literal["translator", "language_model"]
CellName = Literal["gru", "lstm", "rnn", "rnn_relu"]
AttentionName = Literal[
    "bahdanau", "coverage", "luong_dot", "luong_general", "luong_concat", "luong_local", "none"
]
Directions = Literal["both", "first", "forward"]
Bridge = Literal["tanh", "copy"]
FixedVector = Literal["every_step", "start"]
Tied = Literal["all", "inputs", "target", "none"]

CELLS: tuple[str, ...] = get_args(CellName)
ATTENTIONS: tuple[str, ...] = get_args(AttentionName)


def conflict(options: Mapping[str, Any]) -> tuple[str, str] | None:
    """The first two options of a network that exclude each other: a key, and one line why.

    `options` holds every keyword of `latimer.nn.build.build_seq2seq` but the vocabulary sizes.
    """
    attention, value = options["attention"], output_size(options)
    if options["tied"] in ("all", "target") and options["readout"] != options["embedding"]:
        return "tied", (
            f"{options['tied']!r} needs model.readout ({options['readout']}) to equal "
            f"model.embedding ({options['embedding']}); make them equal, or tie inputs or none"
        )
    if options["residual"] and (why := _too_few_layers(options)):
        return "residual", why
    if options["kind"] == "language_model":
        return _reads_no_source(options)
    if options["input_feeding"] and not attention.startswith("luong"):
        return "input_feeding", (
            f"true does not go with model.attention {attention!r}; it feeds back what attention "
            "after the recurrence has read: choose luong_dot, luong_general, luong_concat or "
            "luong_local, or set it false"
        )
    if options["fixed_vector"] == "start" and attention != "none":
        return "fixed_vector", (
            f"'start' does not go with model.attention {attention!r}; "
            "set model.attention to none, or leave fixed_vector out"
        )
    if options["lexical_prior"] and attention == "none":
        return "lexical_prior", (
            f"{options['lexical_prior']} does not go with model.attention 'none', which points at "
            "no piece of the source; choose an attention, or set it to 0"
        )
    if attention == "luong_dot" and options["decoder_size"] != value:
        return "attention", (
            f"'luong_dot' needs model.decoder_size ({options['decoder_size']}) to equal the "
            f"encoder's output ({value}, from model.encoder_size and model.encoder_directions); "
            "make them equal, or take luong_general"
        )
    if options["bridge"] == "copy":
        return _cannot_copy(options)
    return None


def output_size(options: Mapping[str, Any]) -> int:
    """Columns of the encoder's output, from the keywords of `latimer.nn.build.build_seq2seq`."""
    directions, layers = options["encoder_directions"], options["encoder_layers"]
    both = directions == "both" or (directions == "first" and layers == 1)
    return int(options["encoder_size"]) * (2 if both else 1)


def _too_few_layers(options: Mapping[str, Any]) -> str | None:
    """Why residual connections would begin above the last layer, or reach none that can have one.

    Above a first layer that reads both ways a layer's input is twice as wide as its output.
    """
    first, decoder = options["residual_from"], options["decoder_layers"]
    alone = options["kind"] == "language_model"
    encoder = 0 if alone else options["encoder_layers"]
    narrower = options["encoder_directions"] == "first" and first == 2
    if encoder >= first + narrower or decoder >= first:
        return None
    if encoder >= first:
        return (
            f"true does nothing with model.encoder_layers {encoder}, model.decoder_layers {decoder}"
            " and model.encoder_directions 'first', whose second layer is narrower than what it "
            "reads; add layers, or set it false"
        )
    there = f"model.decoder_layers {decoder}"
    there = there if alone else f"model.encoder_layers {encoder} and {there}"
    return (
        f"true does not go with model.residual_from {first}, as there are {there}; "
        "add layers, or set it false"
    )


def _reads_no_source(options: Mapping[str, Any]) -> tuple[str, str] | None:
    """What a language model, which has no source, cannot have."""
    plain: dict[str, Any] = {
        "attention": "none", "input_feeding": False, "bridge": "tanh", "reverse_source": False,
        "fixed_vector": "every_step", "lexical_prior": 0,
    }  # fmt: skip
    for key, value in plain.items():
        if options[key] != value:
            shown = value if isinstance(value, str) else str(value).lower()
            return key, (
                f"{options[key]!r} does not go with model.kind 'language_model', which reads no "
                f"source; set model.{key} to {shown}"
            )
    return None


def _cannot_copy(options: Mapping[str, Any]) -> tuple[str, str] | None:
    """Why the encoder's last states cannot start the decoder as they are."""
    if options["encoder_directions"] != "forward":
        return "bridge", (
            f"'copy' does not go with model.encoder_directions {options['encoder_directions']!r}; "
            "set that to forward, or the bridge to tanh"
        )
    for part in ("size", "layers"):
        encoder, decoder = options[f"encoder_{part}"], options[f"decoder_{part}"]
        if encoder != decoder:
            return "bridge", (
                f"'copy' needs model.encoder_{part} ({encoder}) to equal "
                f"model.decoder_{part} ({decoder}); make them equal, or set the bridge to tanh"
            )
    return None
