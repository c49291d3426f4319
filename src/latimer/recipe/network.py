"""Section `model`: the network."""

from __future__ import annotations

from pydantic import Field, model_validator

from latimer.nn.names import (
    AttentionName,
    Bridge,
    CellName,
    Directions,
    FixedVector,
    Kind,
    Tied,
    conflict,
)
from latimer.recipe.section import Layers, Probability, Section, Size, impossible


class ModelSection(Section):
    """The network: the keywords of `latimer.nn.build.build_seq2seq`."""

    kind: Kind = Field(
        default="translator",
        description="A `translator`, or a `language_model` of the target side, which is the "
        "decoder alone.",
    )
    cell: CellName = Field(
        default="gru",
        description="Recurrent cell of encoder and decoder; `rnn` is plain, with tanh, "
        "`rnn_relu` with ReLU.",
    )
    embedding: Size = Field(default=256, description="Width of a piece's embedding.")
    encoder_size: Size = Field(default=256, description="Units of the encoder in each direction.")
    encoder_layers: Layers = Field(default=1, description="Layers of the encoder.")
    encoder_directions: Directions = Field(
        default="both",
        description="Which encoder layers also read from the end: all (`both`), the `first` "
        "alone, or none (`forward`).",
    )
    reverse_source: bool = Field(
        default=False, description="The encoder reads sentences from their end."
    )
    decoder_size: Size = Field(default=512, description="Units of the decoder.")
    decoder_layers: Layers = Field(default=1, description="Layers of the decoder.")
    bridge: Bridge = Field(
        default="tanh",
        description="What starts the decoder: a `tanh` layer over the encoder's summary, or a "
        "`copy` of the encoder's last states, layer by layer.",
    )
    attention: AttentionName = Field(
        default="bahdanau",
        description="How the decoder reads the source: before each step (`bahdanau`, "
        "`coverage`), after it (`luong_…`), or as one fixed vector (`none`).",
    )
    attention_size: Size = Field(default=512, description="Units of the attention's hidden layer.")
    attention_window: Size = Field(
        default=10, description="Positions on either side of the predicted one (`luong_local`)."
    )
    input_feeding: bool = Field(
        default=False,
        description="Each step also reads what the output layer read before it (`luong_…`).",
    )
    fixed_vector: FixedVector = Field(
        default="every_step",
        description="Without attention: the vector is read at `every_step`, or at the `start`.",
    )
    residual: bool = Field(
        default=False, description="Layers add their input to their output where both are as wide."
    )
    residual_from: int = Field(
        default=2, ge=2, le=64, description="The first layer, from 1, that does (`residual`)."
    )
    layer_norm: bool = Field(
        default=False, description="Each layer's output is normalised before it is passed up."
    )
    readout: Size = Field(default=256, description="Width of what the output layer reads.")
    lexical_prior: int = Field(
        default=0,
        ge=0,
        le=50,
        description="Translations of each source piece, counted in the training text before "
        "training begins, that the output layer expects where attention points; 0: none.",
    )
    tied: Tied = Field(
        default="all",
        description="Which of source embedding, target embedding and output share one weight: "
        "`all`, both `inputs`, `target` (its embedding and the output) or `none`.",
    )
    dropout: Probability = Field(default=0.3, description="Share of units dropped in training.")

    @model_validator(mode="after")
    def _check(self) -> ModelSection:
        if found := conflict(self.model_dump()):
            key, why = found
            raise impossible(f"model.{key}", why)
        return self
