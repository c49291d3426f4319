"""A critic's pointer: what the tokens of the text that it reads are worth, each where it stands.

A score such as BLEU rises by a token of the reference, and by the more the longer the n-gram that
the token completes. An output layer has to learn that anew for every token of the vocabulary; a
pointer (Vinyals et al. 2015) learns it once, for places: how far the text before a place agrees
with what was just written, and whether its token has been written already, are what clipped n-gram
matches count (Papineni et al. 2002).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from latimer.nn.decoders.decoder import Memory
from latimer.nn.seq2seq import pack
from latimer.text.vocabulary.subwords import BOS

ORDER = 4
"""Contexts are told apart up to ORDER − 1 tokens, those of BLEU's longest n-grams."""


class Pointer(nn.Module):
    """Values of places: qᵀ m_i of the decoder's question and the memory, and that of its context.

    Both begin with 0, the values of a critic that knows nothing.
    """

    def __init__(self, readout: int, value: int) -> None:
        """`readout` is the width of the decoder's features, `value` that of the memory's."""
        super().__init__()
        self.question = nn.Linear(readout, value)
        self.context = nn.Linear(readout, 2 * ORDER)
        for layer in (self.question, self.context):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(
        self, features: Tensor, memory: Memory, read: Tensor, inputs: Tensor, lengths: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Values of all places, and their tokens, packed, `[tokens, read time]` each.

        `features [tokens, readout]` are the decoder's, packed; `memory` and `read [rows, read
        time]` are what was read, 0 being the value of its padding, `inputs [rows, time]` the
        prefixes, BOS first, and `lengths [rows]` the numbers of actions.
        """
        inputs = inputs[:, : int(lengths.max())]
        rows, time = inputs.shape
        going = torch.arange(time, device=inputs.device)[:, None] < lengths
        padded = features.new_zeros(time, rows, features.shape[1])
        padded = padded.masked_scatter(going[:, :, None], features).transpose(0, 1)
        values = self.question(padded) @ memory.values.to(features.dtype).transpose(1, 2)
        values = values + self.context(padded).gather(2, contexts(inputs, read))
        values = values.masked_fill(memory.bias[:, None] < 0, 0.0)
        values = values.to(self.question.weight.dtype)
        return pack(values, lengths), pack(read[:, None].expand_as(values), lengths)


def contexts(inputs: Tensor, read: Tensor) -> Tensor:
    """Contexts of the places of `read [rows, read time]`, each time, `[rows, time, read time]`.

    0 to ORDER − 1: how many tokens before the place are the last ones of the prefix, which
    `inputs [rows, time]`, BOS first, ends with; ORDER more if the prefix holds the token of the
    place, one for each place that the token has up to this one.
    """
    before = pad(read[:, :-1], (1, 0), value=BOS)
    same = (inputs[:, :, None] == before[:, None]).long()
    agree = same
    for _ in range(ORDER - 2):
        agree = same * (1 + pad(agree[:, :-1, :-1], (1, 0, 1, 0)))
    written = (inputs[:, :, None] == read[:, None]).long().cumsum(1)
    earlier = (read[:, :, None] == read[:, None]).long().tril(-1).sum(2)
    return agree + ORDER * (written > earlier[:, None]).long()
