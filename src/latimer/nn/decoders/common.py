"""What the builders of all decoders share."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from latimer.nn.bridge import CopyBridge, TanhBridge, ZeroBridge
from latimer.nn.cells import Cell
from latimer.nn.encoder import Encoder
from latimer.nn.recurrent import RecurrentLayer
from latimer.nn.stack import Stack


@dataclass(frozen=True)
class Common:
    """The arguments that every decoder has.

    size: hidden units of a layer; bridge: "tanh" or "copy"; residual: the first layer, from 1, with
    a residual connection, 0 for none. A builder draws its weights in a fixed order, on which the
    weights of a seed depend.
    """

    cell: Cell
    embedding: nn.Embedding
    size: int
    layers: int
    bridge: str
    readout: int
    dropout: float
    residual: int
    layer_norm: bool

    @property
    def width(self) -> int:
        """Columns of the embedding."""
        return self.embedding.embedding_dim

    def stack(self, inputs: int) -> Stack:
        """A stack of all layers over inputs `inputs` columns wide."""
        layers = recurrent_layers(self.cell, inputs, self.size, self.layers)
        return Stack(
            layers, dropout=self.dropout, residual=self.residual, layer_norm=self.layer_norm
        )

    def bridge_from(self, encoder: Encoder) -> nn.Module:
        """What makes the layers' first states from the encoder's summary."""
        state = self.cell.parts * self.size
        if self.bridge == "copy":
            return CopyBridge(state)
        return TanhBridge(encoder.output_size, state, self.layers)

    def zero_bridge(self) -> nn.Module:
        """First states of zero, without an encoder."""
        return ZeroBridge(self.cell.parts * self.size, self.layers)


def recurrent_layers(
    cell: Cell, inputs: int, size: int, layers: int, *, beside: int = 0
) -> list[RecurrentLayer]:
    """Forward layers; each above the first reads the one below and `beside` more columns."""
    widths = [inputs] + [size + beside] * (layers - 1)
    return [RecurrentLayer(cell, width, size) for width in widths[:layers]]
