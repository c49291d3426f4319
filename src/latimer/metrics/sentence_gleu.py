"""GLEU of every prefix of a batch of hypotheses, on tensors (Wu et al. 2016, section 5.2)."""

from __future__ import annotations

import torch
from torch import Tensor

from latimer.metrics.ngrams import clipped_matches
from latimer.metrics.units import Units

ORDER = 4


def prefix_gleu(
    hypotheses: Tensor, lengths: Tensor, references: Tensor, reference_lengths: Tensor
) -> Tensor:
    """GLEU of every prefix: the lower of precision and recall of all n-grams of 1 to 4 tokens.

    nltk's `sentence_gleu`, 0 to 1. See `latimer.metrics.rewards.Reward` for the arguments.
    """
    written = Units.of_tokens(hypotheses, lengths)
    return written.of_prefixes(gleu(written, Units.of_tokens(references, reference_lengths)))


def gleu(written: Units, wanted: Units) -> Tensor:
    """GLEU of what is written up to each unit, `[units]` float64."""
    matches = clipped_matches(written, wanted, ORDER).sum(0)
    own, others = _ngrams(written.places), _ngrams(wanted.sizes)[written.rows]
    return matches / torch.maximum(own, others).clamp(min=1)


def _ngrams(lengths: Tensor) -> Tensor:
    """How many n-grams of 1 to 4 tokens there are in so many tokens, float64."""
    counts = [(lengths - n + 1).clamp(min=0) for n in range(1, ORDER + 1)]
    return torch.stack(counts).sum(0).double()
