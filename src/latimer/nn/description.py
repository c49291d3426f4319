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
    """An encoder and a decoder, or a language model; without the sizes of the vocabularies."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    kind: NetworkKind = Field(
        default="translator",
        description="A `translator`, or a `language_model` of the target side: a decoder without "
        "an encoder.",
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

    @property
    def reads_source(self) -> bool:
        """Whether there is an encoder: a language model has none."""
        return NETWORK_KINDS[self.kind].reads_source

    @property
    def decoder(self) -> DecoderName:
        """The name of the decoder's builder, where there is an encoder."""
        return ATTENTIONS[self.attention].decoder

    @model_validator(mode="after")
    def _check(self) -> NetworkDescription:
        if found := conflict(self.model_dump()):
            key, why = found
            raise PydanticCustomError(
                "impossible", "{key}: {why}", {"key": f"model.{key}", "why": why}
            )
        return self
