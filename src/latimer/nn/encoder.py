"""The encoder: source tokens to one vector a position, and one for the sentence."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from latimer.nn.cells import Cell
from latimer.nn.dropout import Dropout
from latimer.nn.recurrent import RecurrentLayer, active_rows
from latimer.nn.stack import adds_input, norms, passed_up


class Bidirectional(nn.Module):
    """A forward and a backward layer over the same inputs (Schuster & Paliwal 1997)."""

    def __init__(self, cell: Cell, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.ahead = RecurrentLayer(cell, input_size, hidden_size)
        self.back = RecurrentLayer(cell, input_size, hidden_size, reverse=True)
        self.hidden_size = hidden_size
        self.output_size = 2 * hidden_size

    def forward(self, inputs: Tensor, active: list[int]) -> tuple[Tensor, Tensor]:
        """Outputs `[time, rows, 2 * H]` for `inputs [time, rows, input]`, and forward states."""
        ahead, back = self.ahead(inputs, active), self.back(inputs, active)
        outputs = torch.cat([ahead[..., : self.hidden_size], back[..., : self.hidden_size]], 2)
        return outputs, ahead

    def summary(self, outputs: Tensor, last: Tensor) -> Tensor:
        """The forward layer's last and the backward layer's first output `[rows, 2 * H]`.

        `last [rows]` are the last steps of `outputs [time, rows, 2 * H]`.
        """
        rows, half = torch.arange(len(last), device=last.device), self.hidden_size
        return torch.cat([outputs[last, rows, :half], outputs[0, :, half:]], 1)


class Forward(nn.Module):
    """A layer that reads forward only."""

    def __init__(self, cell: Cell, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.ahead = RecurrentLayer(cell, input_size, hidden_size)
        self.hidden_size = self.output_size = hidden_size

    def forward(self, inputs: Tensor, active: list[int]) -> tuple[Tensor, Tensor]:
        """Outputs `[time, rows, H]` for `inputs [time, rows, input]`, and states."""
        states = self.ahead(inputs, active)
        return states[..., : self.hidden_size], states

    def summary(self, outputs: Tensor, last: Tensor) -> Tensor:
        """The last output `[rows, H]` of `outputs [time, rows, H]`, at steps `last [rows]`."""
        return outputs[last, torch.arange(len(last), device=last.device)]


class Encoder(nn.Module):
    """A stack of layers (Bahdanau et al. 2015, section 3.2; Wu et al. 2016, section 3.1)."""

    def __init__(
        self,
        embedding: nn.Embedding,
        layers: Sequence[Bidirectional | Forward],
        dropout: float,
        *,
        residual: int = 0,
        layer_norm: bool = False,
        reverse_source: bool = False,
        sums_states: bool = False,
    ) -> None:
        """`reverse_source` reads sentences from the end (Sutskever et al. 2014, section 3.3).

        `residual` is as in `Stack`. With `sums_states` the summary holds the last states of all
        layers, not the top's output.
        """
        super().__init__()
        self.embedding = embedding
        self.layers = nn.ModuleList(layers)
        self.norms = norms([layer.output_size for layer in layers], layer_norm)
        self.dropout = Dropout(dropout)
        self.residual = residual
        self.reverse_source = reverse_source
        self.sums_states = sums_states
        self.output_size = self.summary_size = layers[-1].output_size
        if sums_states:
            self.summary_size = sum(
                layer.ahead.weights.cell.parts * layer.hidden_size for layer in layers
            )

    def forward(self, source: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Values `[batch, time, output_size]` and a summary `[batch, summary]` of each sentence.

        `source [batch, time]` token ids, `lengths [batch]` (at least 1 each); padding beyond a
        length changes nothing. The summary is the top layer's, `output_size` wide, or all layers'
        last states side by side, `[batch, layers * parts * H]`.
        """
        ordered, order = lengths.sort(descending=True, stable=True)
        active = active_rows(ordered.tolist())
        rows = source[order, : len(active)]
        places = backwards(ordered, len(active)) if self.reverse_source else None
        if places is not None:
            rows = rows.gather(1, places)
        hidden, last = self.embedding(rows.t()), ordered - 1
        finals = []
        for k, (layer, norm) in enumerate(zip(self.layers, self.norms, strict=True)):
            outputs, states = layer(self.dropout(hidden), active)
            if self.sums_states:
                finals.append(states[last, torch.arange(len(last), device=last.device)])
            hidden = passed_up(outputs, hidden, norm, adds_input(k, self.residual))
        hidden = self.dropout(hidden)
        top = self.layers[-1]
        assert isinstance(top, Bidirectional | Forward)
        summary = torch.cat(finals, 1) if finals else top.summary(hidden, last)
        values, back = hidden.transpose(0, 1), order.argsort()
        if places is not None:
            values = values.gather(1, places[:, :, None].expand_as(values))
        return values[back], summary[back]


def backwards(lengths: Tensor, time: int) -> Tensor:
    """Positions `[batch, time]` of a sentence read from its end; the last token stays the last.

    Reading the result by the same positions restores the order.
    """
    forward = torch.arange(time, device=lengths.device).expand(len(lengths), -1)
    mirrored = lengths[:, None] - 2 - forward
    return torch.where(mirrored >= 0, mirrored, forward)
