"""ChrF of every prefix of a batch of hypotheses, on tensors (Popović 2015)."""

from __future__ import annotations

import torch
from torch import Tensor

from latimer.metrics.ngrams import clipped_matches
from latimer.metrics.spelling import Spelling
from latimer.metrics.units import Units

ORDER, BETA = 6, 2


def prefix_chrf(
    spelling: Spelling,
    hypotheses: Tensor,
    lengths: Tensor,
    references: Tensor,
    reference_lengths: Tensor,
    *,
    order: int = ORDER,
    beta: float = BETA,
) -> Tensor:
    """ChrF, 0 to 1, of the text of the first 1, 2, … tokens, `[batch, time]` float64.

    The last column is sacreBLEU's sentence chrF: the F-score of precision and recall of n-grams of
    characters, spaces left out, each the mean over the n that occur in both texts. See
    `latimer.metrics.rewards.Reward` for the arguments.
    """
    written = spelling.characters(hypotheses, lengths)
    wanted = spelling.characters(references, reference_lengths)
    return written.of_prefixes(chrf(written, wanted, order=order, beta=beta))


def chrf(written: Units, wanted: Units, *, order: int = ORDER, beta: float = BETA) -> Tensor:
    """ChrF of the characters up to each, `[units]` float64."""
    n = torch.arange(1, order + 1, device=written.rows.device)[:, None]
    own = (written.places - n + 1).clamp(min=0)
    others = (wanted.sizes - n + 1).clamp(min=0)[:, written.rows]
    matches = clipped_matches(written, wanted, order).double()
    both = (own > 0) & (others > 0)
    orders = both.sum(0).clamp(min=1)
    precision = torch.where(both, matches / own.clamp(min=1), 0.0).sum(0) / orders
    recall = torch.where(both, matches / others.clamp(min=1), 0.0).sum(0) / orders
    weighted = beta**2 * precision + recall
    product = (1 + beta**2) * precision * recall
    return torch.where(weighted > 0, product / weighted.where(weighted > 0, 1.0), 0.0)
