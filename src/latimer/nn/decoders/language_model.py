"""A language model: the decoder alone, from the zero state (Mikolov et al. 2010)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from latimer.nn.decoders.common import Common
from latimer.nn.decoders.fixed_vector import FixedVectorDecoder
from latimer.nn.output import Output
from latimer.nn.seq2seq import Seq2Seq


class NoSource(nn.Module):
    """Stands where an encoder would, and reads nothing."""

    empty: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("empty", torch.empty(0), persistent=False)  # of the decoder's type

    def forward(self, source: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """No values `[batch, 0, 0]` and an empty summary `[batch, 0]` for `source [batch, …]`."""
        empty = self.empty.expand(len(source), 0)
        return empty[:, None].expand(-1, 0, -1), empty


class LanguageModel(Seq2Seq):
    """P(y) = Π P(y_t | y_1 … y_{t−1}), with a translator's interface.

    Whatever source it is given only says how many sentences there are; so it trains, is scored
    and is searched as a translator is.
    """

    def __init__(self, decoder: FixedVectorDecoder, output: Output) -> None:
        super().__init__(NoSource(), decoder, output)


def build_unconditional(common: Common) -> FixedVectorDecoder:
    """The decoder of a language model: a stack that starts from the zero state."""
    bridge, stack = common.zero_bridge(), common.stack(common.width)
    readout = nn.Linear(common.size, common.readout)
    return FixedVectorDecoder(
        common.embedding, bridge, stack, readout, common.dropout, every_step=False
    )
