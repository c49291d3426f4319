"""The coverage penalty: translations that left a part of the source unread score lower.

cp(X; Y) = β Σ_i log min(Σ_t α_ti, 1) (Wu et al. 2016, equation 14), where α_ti is the attention
paid to position i of the source as token t was written. It is added to the normalised log P.

Weights are never negative, so that cp only rises as tokens are added, and it is never above 0: what
bounds the score of a prefix's continuations without the penalty bounds it with the penalty, too.
"""

from __future__ import annotations

import torch
from torch import Tensor

from latimer.errors import SettingError

UNREAD = 1e-10
"""What counts as read where all weights are nought, so that such hypotheses can be told apart."""


class Coverage:
    """The attention that each row of a beam has paid to the source so far.

    With β = 0 nothing is kept and the penalty is nought.
    """

    def __init__(self, penalty: float, lengths: Tensor, time: int) -> None:
        """`penalty` is β; `lengths [sentences]` of the source, which is padded to `time`.

        One row a sentence to begin with.
        """
        self._penalty = penalty
        if penalty:
            # Padding counts as read, so that it adds nothing.
            padding = torch.arange(time, device=lengths.device) >= lengths[:, None]
            self._read = padding.double()  # [rows, source_time]

    def add(self, attention: Tensor | None) -> None:
        """Take in the weights of one step, `[rows, source_time]`.

        Raises InputError when there are none.
        """
        if not self._penalty:
            return
        if attention is None:
            raise without_attention(self._penalty, "the model")
        self._read = self._read + attention

    def of(self, rows: Tensor) -> Tensor:
        """β Σ_i log min(Σ_t α_ti, 1) of the given rows, in their shape, float64."""
        if not self._penalty:
            return torch.zeros_like(rows, dtype=torch.float64)
        logs = self._read.clamp(min=UNREAD, max=1.0).log().sum(1)
        return self._penalty * logs[rows]

    def select(self, rows: Tensor) -> None:
        """Go on with these rows, in this order; see `scorer.State`."""
        if self._penalty:
            self._read = self._read[rows]


def without_attention(penalty: float, model: str) -> SettingError:
    """The error for a penalty on what `model` does not have."""
    return SettingError(
        "search.coverage_penalty", penalty, f"{model} has no attention, so it must be 0"
    )
