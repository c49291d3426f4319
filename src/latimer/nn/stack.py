"""Recurrent layers one above the other."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from latimer.nn.dropout import Dropout
from latimer.nn.recurrent import RecurrentLayer


def norms(widths: Sequence[int], wanted: bool) -> nn.ModuleList:
    """Layer normalisation (Ba et al. 2016) for outputs of these widths, or nothing in its place."""
    return nn.ModuleList([nn.LayerNorm(width) if wanted else nn.Identity() for width in widths])


def adds_input(layer: int, residual: int) -> bool:
    """Whether layer number `layer`, from 0, has a residual connection.

    `residual` is the first that has one, counted from 1 as papers do; 0 is none.
    """
    return 0 < residual <= layer + 1


def passed_up(output: Tensor, below: Tensor, norm: nn.Module, residual: bool) -> Tensor:
    """What a layer passes to the one above it: norm(output), plus its input if `residual`.

    The residual connection (He et al. 2016; Wu et al. 2016, equation 6) is only made where
    `output` and `below` `[..., width]` are equally wide.
    """
    output = norm(output)
    return output + below if residual and output.shape[-1] == below.shape[-1] else output


class Stack(nn.Module):
    """Layers that run forward in time, each over whole sequences before the next begins."""

    def __init__(
        self, layers: list[RecurrentLayer], dropout: float, *, residual: int, layer_norm: bool
    ) -> None:
        """`residual` is the first layer, from 1, that adds its input to its output; 0 is none."""
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.size = layers[0].weights.hidden_size
        self.norms = norms([self.size] * len(layers), layer_norm)
        self.dropout = Dropout(dropout)
        self.residual = residual

    def forward(
        self, inputs: Tensor, starts: Sequence[Tensor], active: Sequence[int]
    ) -> tuple[Tensor, list[Tensor]]:
        """Outputs `[time, rows, H]` of the top, and the states `[time, rows, parts * H]` of all.

        `inputs [time, rows, input]`; `starts` are the layers' first states `[rows, parts * H]`.
        """
        hidden, states = inputs, []
        for k, (layer, norm, start) in enumerate(zip(self.layers, self.norms, starts, strict=True)):
            states.append(layer(self.dropout(hidden) if k else hidden, active, start))
            hidden = passed_up(
                states[-1][..., : self.size], hidden, norm, adds_input(k, self.residual)
            )
        return hidden, states

    def step(self, inputs: Tensor, before: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """As `forward` for one step of search: `inputs [rows, input]`; not differentiable."""
        hidden, states = inputs, []
        for k, (layer, norm, state) in enumerate(zip(self.layers, self.norms, before, strict=True)):
            assert isinstance(layer, RecurrentLayer)
            states.append(layer.step(hidden, state))
            hidden = passed_up(
                states[-1][:, : self.size], hidden, norm, adds_input(k, self.residual)
            )
        return hidden, states
