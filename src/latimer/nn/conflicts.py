"""Keys of a network's description that exclude each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from latimer.errors import shown
from latimer.nn.names import ATTENTIONS, NETWORK_KINDS, with_decoder

OF_ALL = ("kind", "embedding", "readout", "tied", "dropout")
OF_PERCEPTRONS = ("slots", "hidden", "hidden_layers", "activation")
"""Keys that every kind of network has, and those of perceptrons alone."""


def conflict(options: Mapping[str, Any], usual: Mapping[str, Any]) -> tuple[str, str] | None:
    """The first two options of a network that exclude each other: a key, and one line why.

    `options` holds every key of `latimer.nn.description.NetworkDescription`, `usual` the default
    of each.
    """
    if found := _of_another_kind(options, usual):
        return found
    attention, value = options["attention"], output_size(options)
    if options["tied"] in ("all", "target") and options["readout"] != options["embedding"]:
        return "tied", (
            f"{options['tied']!r} needs model.readout ({options['readout']}) to equal "
            f"model.embedding ({options['embedding']}); make them equal, or tie inputs or none"
        )
    if options["residual"] and (why := _too_few_layers(options)):
        return "residual", why
    if not NETWORK_KINDS[options["kind"]].reads_source:
        return _reads_no_source(options)
    if options["input_feeding"] and ATTENTIONS[attention].decoder != "luong":
        return "input_feeding", (
            f"true does not go with model.attention {attention!r}; input feeding needs attention "
            f"after the recurrent step: choose one of {', '.join(with_decoder('luong'))}, or set "
            "it false"
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
    if ATTENTIONS[attention].equal_widths and options["decoder_size"] != value:
        return "attention", (
            f"{attention!r} needs model.decoder_size ({options['decoder_size']}) to equal the "
            f"encoder's output ({value}, from model.encoder_size and model.encoder_directions); "
            "make them equal, or take luong_general"
        )
    if options["bridge"] == "copy":
        return _cannot_copy(options)
    return None


def _of_another_kind(
    options: Mapping[str, Any], usual: Mapping[str, Any]
) -> tuple[str, str] | None:
    """A key that was changed although this kind of network does not have it."""
    kind = options["kind"]
    if kind != "perceptron":
        changed = [key for key in OF_PERCEPTRONS if options[key] != usual[key]]
        why = f"is for model.kind perceptron, not {kind}; leave it out"
        return (changed[0], f"{shown(options[changed[0]])} {why}") if changed else None
    plain = {**usual, "attention": "none"}
    for key in options:
        if key not in OF_ALL + OF_PERCEPTRONS and options[key] != plain[key]:
            return key, (
                f"{shown(options[key])} does not go with model.kind 'perceptron', which has "
                f"neither recurrent layers nor attention; set model.{key} to {_plain(plain[key])}"
            )
    if options["tied"] not in ("all", "target"):
        return "tied", (
            f"{options['tied']!r} does not go with model.kind 'perceptron', which has no embedding "
            "of target tokens but the output layer's weight; set it to all or target"
        )
    return None


def _plain(value: Any) -> str:
    """A value as one writes it in a recipe."""
    return value if isinstance(value, str) else shown(value)


def output_size(options: Mapping[str, Any]) -> int:
    """Columns of the encoder's output, from the keys of a description."""
    directions, layers = options["encoder_directions"], options["encoder_layers"]
    both = directions == "both" or (directions == "first" and layers == 1)
    return int(options["encoder_size"]) * (2 if both else 1)


def _too_few_layers(options: Mapping[str, Any]) -> str | None:
    """Why residual connections would begin above the last layer, or reach none that can have one.

    Above a first layer that reads both ways a layer's input is twice as wide as its output.
    """
    first, decoder = options["residual_from"], options["decoder_layers"]
    alone = not NETWORK_KINDS[options["kind"]].reads_source
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
