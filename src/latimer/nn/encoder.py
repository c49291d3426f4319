"""The encoder: source tokens to one vector a position, and one for the sentence."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from latimer.nn.cells import Cell
from latimer.nn.dropout import Dropout
from latimer.nn.recurrent import RecurrentLayer, active_rows


class Bidirectional(nn.Module):
    """A forward and a backward layer over the same inputs (Schuster & Paliwal 1997)."""

    def __init__(self, cell: Cell, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.ahead = RecurrentLayer(cell, input_size, hidden_size)
        self.back = RecurrentLayer(cell, input_size, hidden_size, reverse=True)
        self.hidden_size = hidden_size

    def forward(self, inputs: Tensor, active: list[int]) -> Tensor:
        """Outputs `[time, rows, 2 * H]` for `inputs [time, rows, input]`."""
        ahead, back = self.ahead(inputs, active), self.back(inputs, active)
        return torch.cat([ahead[..., : self.hidden_size], back[..., : self.hidden_size]], 2)


class Encoder(nn.Module):
    """A stack of bidirectional layers (Bahdanau et al. 2015, section 3.2)."""

    def __init__(self, embedding: nn.Embedding, layers: list[Bidirectional], dropout: float):
        super().__init__()
        self.embedding = embedding
        self.layers = nn.ModuleList(layers)
        self.dropout = Dropout(dropout)
        self.output_size = 2 * layers[-1].hidden_size

    def forward(self, source: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Values `[batch, time, 2 * H]` and a summary `[batch, 2 * H]` of each sentence.

        `source [batch, time]` token ids, `lengths [batch]` (at least 1 each); padding beyond a
        length changes nothing. The summary is the forward layer's last and the backward layer's
        first output.
        """
        ordered, order = lengths.sort(descending=True, stable=True)
        active = active_rows(ordered.tolist())
        hidden = self.dropout(self.embedding(source[order, : len(active)].t()))
        for layer in self.layers:
            hidden = self.dropout(layer(hidden, active))
        half = self.output_size // 2
        rows = torch.arange(len(order), device=source.device)
        summary = torch.cat([hidden[ordered - 1, rows, :half], hidden[0, :, half:]], 1)
        back = order.argsort()
        return hidden.transpose(0, 1)[back], summary[back]
