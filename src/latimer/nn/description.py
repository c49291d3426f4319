"""The description of a network: section `model` of a recipe, `network` of a model folder.

It is checked as a whole before anything is built, and needs no PyTorch.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from latimer.nn.conflicts import conflict
from latimer.nn.names import (
    ATTENTIONS,
    NETWORK_KINDS,
    ActivationName,
    AttentionName,
    Bridge,
    CellName,
    DecoderName,
    Directions,
    FixedVector,
    NetworkKind,
    Tied,
    with_decoder,
)

Size = Annotated[int, Field(ge=1, le=65_536)]
Layers = Annotated[int, Field(ge=1, le=64)]


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


class NetworkDescription(BaseModel):
    """A translator, a language model or a perceptron; without the sizes of the vocabularies."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    kind: NetworkKind = Field(
        default="translator",
        description="A recurrent `translator`, a `language_model` of the target side (a decoder "
        "without an encoder), or a multilayer `perceptron` of fixed length, which translates too.",
    )
    cell: CellName = Field(
        default="gru",
        description="Recurrent cell of encoder and decoder; `rnn` is the simple recurrent network "
        "with tanh, `rnn_relu` the same with ReLU.",
    )
    embedding: Size = Field(default=256, description="Size of the token embeddings.")
    encoder_size: Size = Field(
        default=256, description="Hidden units of the encoder in each direction."
    )
    encoder_layers: Layers = Field(default=1, description="Layers of the encoder.")
    encoder_directions: Directions = Field(
        default="both",
        description="Which encoder layers are bidirectional: all (`both`), only the `first`, or "
        "none (`forward`).",
    )
    reverse_source: bool = Field(
        default=False, description="Feed source sentences to the encoder in reverse order."
    )
    decoder_size: Size = Field(default=512, description="Hidden units of the decoder.")
    decoder_layers: Layers = Field(default=1, description="Layers of the decoder.")
    bridge: Bridge = Field(
        default="tanh",
        description="How the decoder's initial state is made: a `tanh` layer over the encoder's "
        "summary, or a `copy` of the encoder's final states, layer by layer.",
    )
    attention: AttentionName = Field(
        default="bahdanau",
        description="How the decoder reads the source: attention before the recurrent step "
        f"({_quoted(with_decoder('bahdanau'))}), after it ({_quoted(with_decoder('luong'))}), or "
        "one fixed vector (`none`).",
    )
    attention_size: Size = Field(
        default=512, description="Hidden units of the attention's scoring layer."
    )
    attention_window: Size = Field(
        default=10,
        description="Half width D of the window around the predicted position (`luong_local`).",
    )
    input_feeding: bool = Field(
        default=False,
        description="Feed the attentional vector of the previous step to the decoder (attention "
        "after the recurrent step).",
    )
    fixed_vector: FixedVector = Field(
        default="every_step",
        description="Without attention: whether the source vector is an input of `every_step` or "
        "only sets the initial state (`start`).",
    )
    residual: bool = Field(
        default=False,
        description="Residual connections around layers whose input and output have equal widths.",
    )
    residual_from: int = Field(
        default=2, ge=2, le=64, description="First layer, counted from 1, with one (`residual`)."
    )
    layer_norm: bool = Field(
        default=False, description="Layer normalisation of each layer's output."
    )
    readout: Size = Field(
        default=256, description="Size of the decoder's readout, the input of the output layer."
    )
    lexical_prior: int = Field(
        default=0,
        ge=0,
        le=50,
        description="Translations kept for each source token in a table counted from the training "
        "text; the output layer adds them as a prior, weighted by attention. 0: no prior.",
    )
    tied: Tied = Field(
        default="all",
        description="Which weights are shared: source embedding, target embedding and output layer "
        "(`all`), both embeddings (`inputs`), target embedding and output layer (`target`), or "
        "`none`.",
    )
    dropout: float = Field(default=0.3, ge=0, lt=1, description="Dropout probability.")
    slots: int = Field(
        default=12,
        ge=2,
        le=1000,
        description="Slots of a `perceptron` for the source, and as many for its translation; the "
        "end of the sentence takes one of them.",
    )
    hidden: Size = Field(default=1024, description="Units of each hidden layer (`perceptron`).")
    hidden_layers: int = Field(default=1, ge=1, le=2, description="Hidden layers (`perceptron`).")
    activation: ActivationName = Field(
        default="tanh", description="Activation function of the hidden layers (`perceptron`)."
    )

    @property
    def reads_source(self) -> bool:
        """Whether there is an encoder: a language model has none."""
        return NETWORK_KINDS[self.kind].reads_source

    @property
    def decoder(self) -> DecoderName:
        """The name of the decoder's builder, where there is an encoder."""
        return ATTENTIONS[self.attention].decoder

    @property
    def longest(self) -> int | None:
        """The most tokens of a source and of a translation, the end counted; None: no limit."""
        return self.slots if self.kind == "perceptron" else None

    def at_most(self, max_length: int | None) -> int | None:
        """A limit on the tokens of a translation, lowered to what the network can write."""
        if self.longest is None or max_length is None:
            return max_length if self.longest is None else self.longest
        return min(self.longest, max_length)

    @model_validator(mode="after")
    def _check(self) -> NetworkDescription:
        usual = {name: field.default for name, field in type(self).model_fields.items()}
        if found := conflict(self.model_dump(), usual):
            key, why = found
            raise PydanticCustomError(
                "impossible", "{key}: {why}", {"key": f"model.{key}", "why": why}
            )
        return self
