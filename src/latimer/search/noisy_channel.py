"""The noisy channel: P(T | S) ∝ P(S | T) P(T) (Brown et al. 1993), beside the direct P(T | S)."""

from __future__ import annotations

from torch import Tensor


def channel_scores(
    direct: Tensor,
    channel: Tensor,
    language: Tensor,
    target_lengths: Tensor,
    source_lengths: Tensor,
    *,
    channel_weight: float,
    language_weight: float,
) -> Tensor:
    """Log P(y|x) / t + (λ₁ log P(x|y) + λ₂ log P(y)) / s, `[candidates]`.

    That is Yee et al. (2019), section 2, with a weight each for the channel and the language model
    (Bhosale et al. 2020). All arguments are `[candidates]`: log-probabilities of the three models,
    and the lengths t of candidates and s of their sources in tokens, the end of sentence counted.
    """
    both = channel_weight * channel + language_weight * language
    return direct / target_lengths + both / source_lengths
