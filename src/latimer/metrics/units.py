"""The units (tokens or words) that metrics on prefixes count, for a whole batch."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Units(NamedTuple):
    """Tokens or words of all sentences, concatenated, `[units]`, and the end of each prefix.

    A word of several pieces has one unit per piece: drafts with the characters so far, and finally
    the complete word. Only the complete word precedes later units.

    numbers: ids of units, equal for equal units of both sides; rows: the sentence of each unit;
    places: its position in the sentence, from 1; complete `[units]` bool: False for drafts, None
    without drafts; sizes `[batch]`: complete units of each sentence; at `[batch, time]`: 1 + the
    last unit of each prefix, 0 for a prefix without units.
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
        """The entry of `values [units]` at the end of each prefix, `[batch, time]`, 0 if empty."""
        return torch.cat([values.new_zeros(1), values])[self.at]


def offsets(sizes: Tensor) -> Tensor:
    """The start of each part when parts of `sizes [batch]` are concatenated."""
    return sizes.cumsum(0) - sizes
