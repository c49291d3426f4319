"""BLEU of every prefix of a batch of hypotheses, on tensors: a reward for each token.

Smoothed as by Lin & Och (2004): one is added to matches and totals of all n-grams but unigrams.
Bahdanau et al. (2017) train on this score. Tokens are integers: ids of subwords or of words.
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
    `[batch]`, which do not count EOS; tokens after the length are not read. Columns after the end
    of a hypothesis hold the score of the whole, or 0 where its length is 0. float64 on the device
    of the hypotheses.

    The last column is sacreBLEU's sentence BLEU with `smooth_method="add-k"`. `brevity` is added to
    the reference's length in the brevity penalty: smoothing raises only precision, most for short
    hypotheses, so that systems tuned on the score write too short; 1 restores the balance (Nakov,
    Guzmán & Vogel 2012). No score reaches 1 then.
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
    """The gain of each token: differences of the scores of prefixes, `[batch, time]`.

    They sum to the score of the whole; after the end of a hypothesis they are 0.
    """
    return torch.diff(scores, dim=1, prepend=torch.zeros_like(scores[:, :1]))
