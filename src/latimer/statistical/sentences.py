"""Sentences of token ids in two flat arrays, as compiled functions read them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Sentences(NamedTuple):
    """Many sentences, one after the other.

    tokens: `[all tokens]` int32; offsets: `[sentences + 1]` int64; sentence k is
    `tokens[offsets[k]:offsets[k + 1]]`.
    """

    tokens: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int64]

    @classmethod
    def of(cls, sentences: Iterable[Sequence[int]]) -> Sentences:
        """From lists of token ids."""
        lists = list(sentences)
        lengths = np.fromiter((len(one) for one in lists), np.int64, len(lists))
        total = int(lengths.sum())
        tokens = np.fromiter((token for one in lists for token in one), np.int32, total)
        return cls(tokens, np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)]))

    @property
    def size(self) -> int:
        """How many sentences there are."""
        return len(self.offsets) - 1

    def sentence(self, number: int) -> npt.NDArray[np.int32]:
        """The tokens of one sentence."""
        return self.tokens[self.offsets[number] : self.offsets[number + 1]]
