"""Sentences of a batch laid end to end, as what metrics on prefixes count: tokens, or words."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Units(NamedTuple):
    """Tokens or words of sentences, end to end, `[units]`, and where each prefix ends.

    A word that is spelt in several pieces is there once a piece, as far as it is spelt by then:
    drafts, and at last the complete word, which is the only one of them that later units follow.

    numbers: equal units of both sides have equal numbers; rows: the sentence of each; places: its
    place in the sentence, from 1; complete `[units]` bool: False for drafts, None when there are
    none; sizes `[batch]`: complete units of each sentence; at `[batch, time]`: 1 + the last unit of
    each prefix, 0 where it has none.
    """

    numbers: Tensor
    rows: Tensor
    places: Tensor
    complete: Tensor | None
    sizes: Tensor
    at: Tensor

    @classmethod
    def of_tokens(cls, sentences: Tensor, lengths: Tensor) -> Units:
        """Tokens themselves, from `[batch, time]` and `[batch]`."""
        time = torch.arange(sentences.shape[1], device=sentences.device)
        rows, columns = (time < lengths[:, None]).nonzero(as_tuple=True)
        at = torch.minimum(time + 1, lengths[:, None]) + offsets(lengths)[:, None]
        at = at * (lengths[:, None] > 0)
        return cls(sentences[rows, columns], rows, columns + 1, None, lengths, at)

    def padded(self) -> tuple[Tensor, Tensor]:
        """Numbers `[batch, widest]`, -1 behind each end, and the column of each unit `[units]`."""
        counts = torch.bincount(self.rows, minlength=len(self.sizes))
        places = torch.arange(len(self.rows), device=self.rows.device)
        columns = places - offsets(counts)[self.rows]
        widest = int(counts.max()) if len(counts) else 0
        table = self.numbers.new_full((len(counts), widest), -1)
        table[self.rows, columns] = self.numbers
        return table, columns

    def of_prefixes(self, values: Tensor) -> Tensor:
        """What `values [units]` say of each prefix, `[batch, time]`; 0 of prefixes without unit."""
        return torch.cat([values.new_zeros(1), values])[self.at]


def offsets(sizes: Tensor) -> Tensor:
    """Where each part begins when parts of `sizes [batch]` are laid end to end."""
    return sizes.cumsum(0) - sizes
