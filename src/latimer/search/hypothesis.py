"""What search returns."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Hypothesis:
    """One translation as tokens.

    Its length T counts EOS: `len(tokens) + 1` if finished, `len(tokens)` if it was cut off.
    """

    tokens: list[int]
    """Without BOS and EOS."""
    log_prob: float
    """Sum of the natural logarithms of the probabilities of its T tokens."""
    score: float
    """`log_prob` normalised by length; hypotheses are ranked by it."""
    attention: Tensor | None = None
    """`[T, source_time]`: weights over the source (with its EOS) as each token was written."""
    finished: bool = True
    """Whether EOS was written; False when the length limit came first."""
    gap: float | None = None
    """After exact search: how much higher another may score at most, 0 where it is proven best."""
