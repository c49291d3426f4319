"""Links between the words of many sentence pairs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Links(NamedTuple):
    """The links of all sentence pairs, one pair after the other, sorted by target, then source.

    offsets: `[pairs + 1]` int64; sources, targets: `[links]` int32, positions counted from 0
    within the sentence. The links of pair k stand at `offsets[k]:offsets[k + 1]`.
    """

    offsets: npt.NDArray[np.int64]
    sources: npt.NDArray[np.int32]
    targets: npt.NDArray[np.int32]

    def pair(self, number: int) -> list[tuple[int, int]]:
        """The links (source, target) of one sentence pair."""
        where = slice(self.offsets[number], self.offsets[number + 1])
        return list(zip(self.sources[where].tolist(), self.targets[where].tolist(), strict=True))
