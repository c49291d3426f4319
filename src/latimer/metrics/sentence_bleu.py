"""BLEU of every prefix of a batch of hypotheses, on tensors: a reward for each token.

Smoothed as by Lin & Och (2004), with one added to matches and totals of all n-grams but single
tokens; Bahdanau et al. (2017) train on it. Tokens are any whole numbers: subwords, or words that
somebody has numbered.
"""

from __future__ import annotations

import torch
from torch import Tensor

from latimer.metrics.ngrams import clipped_matches
from latimer.metrics.units import Units

ORDER = 4


def prefix_bleu(
    hypotheses: Tensor,
    lengths: Tensor,
    references: Tensor,
    reference_lengths: Tensor,
    *,
    order: int = ORDER,
    smoothing: float = 1.0,
    brevity: float = 0.0,
) -> Tensor:
    """Sentence BLEU, 0 to 1, of the first 1, 2, … tokens of each hypothesis, `[batch, time]`.

    `hypotheses [batch, time]`, `references [batch, reference_time]`, integers, and their lengths
    `[batch]`, which count no end-of-sentence; what lies behind is never read. Columns from a
    hypothesis's end on hold the score of the whole; where its length is 0 they hold 0. float64 on
    the device of the hypotheses.

    The last column is sacreBLEU's sentence BLEU with `smooth_method="add-k"`. `brevity` is added to
    the reference's length in the brevity penalty: smoothing lifts precision alone, most of all that
    of what is short, and 1 brings the two into balance again (Nakov, Guzmán & Vogel 2012, who find
    that what is learnt from the score without it is too short). Nothing reaches 1 then.
    """
    written = Units.of_tokens(hypotheses, lengths)
    wanted = Units.of_tokens(references, reference_lengths)
    scores = bleu(written, wanted, order=order, smoothing=smoothing, brevity=brevity)
    return written.of_prefixes(scores)


def bleu(
    written: Units,
    wanted: Units,
    *,
    order: int = ORDER,
    smoothing: float = 1.0,
    brevity: float = 0.0,
) -> Tensor:
    """Sentence BLEU of what is written up to each unit, `[units]` float64; see `prefix_bleu`."""
    n = torch.arange(1, order + 1, device=written.rows.device)[:, None]
    total = (written.places - n + 1).clamp(min=0).double()
    add = smoothing * (n > 1)
    logs = ((clipped_matches(written, wanted, order) + add) / (total + add)).log()
    sizes = wanted.sizes[written.rows].double() + brevity
    penalty = (1 - sizes / written.places).clamp(max=0)
    return (logs.mean(0) + penalty).exp()


def prefix_gains(scores: Tensor) -> Tensor:
    """What each token adds to the score: `[batch, time]` from the scores of prefixes.

    Summed over time they are the score of the whole; behind a hypothesis's end they are 0.
    """
    return torch.diff(scores, dim=1, prepend=torch.zeros_like(scores[:, :1]))
