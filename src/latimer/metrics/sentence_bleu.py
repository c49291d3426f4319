"""BLEU of every prefix of a batch of hypotheses, on tensors: a reward for each token.

Smoothed as by Lin & Och (2004), with one added to matches and totals of all n-grams but single
tokens; Bahdanau et al. (2017) train on it. Tokens are any whole numbers: subwords, or words that
somebody has numbered.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

ORDER = 4


def prefix_bleu(
    hypotheses: Tensor,
    lengths: Tensor,
    references: Tensor,
    reference_lengths: Tensor,
    *,
    order: int = ORDER,
    smoothing: float = 1.0,
) -> Tensor:
    """Sentence BLEU, 0 to 1, of the first 1, 2, … tokens of each hypothesis, `[batch, time]`.

    `hypotheses [batch, time]`, `references [batch, reference_time]`, integers, and their lengths
    `[batch]`, which count no end-of-sentence; what lies behind is never read. Columns from a
    hypothesis's end on hold the score of the whole; where its length is 0 they hold 0. float64 on
    the device of the hypotheses.

    The clipped matches of a prefix are those of its n-grams that have occurred in it, themselves
    included, no more often than in the reference. Whether one is such does not depend on what
    follows, so one pass serves all prefixes. The last column is sacreBLEU's sentence BLEU with
    `smooth_method="add-k"`.
    """
    batch, time = hypotheses.shape
    if batch == 0 or time == 0:
        return torch.zeros(batch, time, dtype=torch.float64, device=hypotheses.device)
    written = torch.arange(1, time + 1, device=hypotheses.device)
    logs = torch.zeros(batch, time, dtype=torch.float64, device=hypotheses.device)
    found = prefix_matches(hypotheses, lengths, references, reference_lengths, order=order)
    for n, matches in enumerate(found, 1):
        total = (written - n + 1).clamp(min=0).double()
        add = smoothing if n > 1 else 0.0
        logs += ((matches + add) / (total + add)).log()
    brevity = (1 - reference_lengths[:, None].double() / written).clamp(max=0)
    scores = (logs / order + brevity).exp()
    return held(scores, lengths)


def prefix_matches(
    hypotheses: Tensor,
    lengths: Tensor,
    references: Tensor,
    reference_lengths: Tensor,
    *,
    order: int,
) -> Iterator[Tensor]:
    """Clipped matches of n-grams in every prefix, `[batch, time]` float64, for n = 1 … order.

    Arguments as those of `prefix_bleu`; what stands behind a hypothesis's end adds nothing.
    """
    sides = _Side.of(hypotheses, lengths), _Side.of(references, reference_lengths)
    grams = [side.rows for side in sides]
    for n in range(1, order + 1):
        grams, clipped = _compared(_lengthened(grams, sides, n))
        matches = torch.zeros(hypotheses.shape, dtype=torch.float64, device=hypotheses.device)
        places = sides[0].places[sides[0].ends >= n]
        matches.view(-1)[places] = clipped.double()
        yield matches.cumsum(1)


def held(scores: Tensor, lengths: Tensor) -> Tensor:
    """Prefix scores `[batch, time]` with the whole's from each end on; 0 where nothing is written.

    `lengths [batch]`: tokens written.
    """
    written = torch.arange(1, scores.shape[1] + 1, device=scores.device)
    last = scores.gather(1, (lengths[:, None] - 1).clamp(min=0))
    last = last * (lengths[:, None] > 0)
    return torch.where(written <= lengths[:, None], scores, last)


def prefix_gains(scores: Tensor) -> Tensor:
    """What each token adds to the score: `[batch, time]` from the scores of prefixes.

    Summed over time they are the score of the whole; behind a hypothesis's end they are 0.
    """
    return torch.diff(scores, dim=1, prepend=torch.zeros_like(scores[:, :1]))


class _Side(NamedTuple):
    """The tokens of one side, end to end, `[tokens]`.

    tokens; rows: the sentence of each; ends: its place in the sentence, from 1; places: its place
    in the padded table, read row by row.
    """

    tokens: Tensor
    rows: Tensor
    ends: Tensor
    places: Tensor

    @classmethod
    def of(cls, sentences: Tensor, lengths: Tensor) -> _Side:
        """From `[batch, time]` and `[batch]`."""
        time = torch.arange(sentences.shape[1], device=sentences.device)
        rows, columns = (time < lengths[:, None]).nonzero(as_tuple=True)
        return cls(sentences[rows, columns], rows, columns + 1, rows * sentences.shape[1] + columns)


def _lengthened(shorter: list[Tensor], sides: tuple[_Side, _Side], n: int) -> list[Tensor]:
    """A number for the n-gram that ends at each token; equal ones have equal numbers.

    `shorter` has one for each token that ends an (n - 1)-gram, the sentence for n = 1, so that
    n-grams of different sentences are never equal.
    """
    pairs = []
    for grams, side in zip(shorter, sides, strict=True):
        last = side.tokens[side.ends >= n]
        # The (n - 1)-gram that ended a token earlier is the entry before.
        before = grams if n == 1 else grams[:-1][side.ends[side.ends >= n - 1][1:] >= n]
        pairs.append((before, last))
    widest = max((int(last.max()) + 1 for _, last in pairs if len(last)), default=1)
    return [before * widest + last for before, last in pairs]


def _compared(keys: list[Tensor]) -> tuple[list[Tensor], Tensor]:
    """Small numbers in the place of `keys` [written, reference], and the clipped matches.

    These say of each n-gram written whether it has occurred no more often than in the reference.
    Sorted stably, equal n-grams stand together, those written first and in their order.
    """
    sizes = [len(part) for part in keys]
    ordered, order = torch.cat(keys).sort(stable=True)
    begins = torch.ones_like(ordered, dtype=torch.bool)
    begins[1:] = ordered[1:] != ordered[:-1]
    kinds = begins.cumsum(0) - 1
    first = begins.nonzero().squeeze(1)
    of_reference = torch.zeros_like(first).index_add_(0, kinds, (order >= sizes[0]).long())
    earlier = torch.arange(len(ordered), device=ordered.device) - first[kinds]
    numbers, clipped = torch.empty_like(kinds), torch.empty_like(begins)
    numbers[order] = kinds
    clipped[order] = earlier < of_reference[kinds]
    return list(numbers.split(sizes)), clipped[: sizes[0]]
