"""Edit distance of every prefix of a batch of hypotheses to its reference, on tensors.

Levenshtein's distance: tokens inserted, deleted or replaced, 1 each. That is TER (Snover et al.
2006) without its shifts, on words the word error rate; TER is never higher.
"""

from __future__ import annotations

import torch
from torch import Tensor

from latimer.metrics.units import Units


def prefix_edits(
    hypotheses: Tensor, lengths: Tensor, references: Tensor, reference_lengths: Tensor
) -> Tensor:
    """1 − edit distance / reference length, of every prefix, `[batch, time]` float64.

    1 for the reference itself, 0 for the empty prefix, and negative with more edits than the
    reference has tokens. A prefix is compared with the whole reference, so that a correct token
    raises the score by 1 / length, a substituted one leaves it, and an extra one lowers it. 0 where
    the reference is empty. See `latimer.metrics.rewards.Reward` for the arguments.
    """
    written = Units.of_tokens(hypotheses, lengths)
    return written.of_prefixes(agreement(written, Units.of_tokens(references, reference_lengths)))


def agreement(written: Units, wanted: Units) -> Tensor:
    """1 − edit distance / reference length of what is written up to each unit, `[units]`."""
    sizes = wanted.sizes[written.rows].double()
    distances = edit_distances(written, wanted)
    return torch.where(sizes > 0, 1 - distances / sizes.clamp(min=1), 0.0)


def edit_distances(written: Units, wanted: Units) -> Tensor:
    """Edits from what is written up to each unit to the reference, `[units]` float64.

    Row by row of Levenshtein's table for all sentences at once. Insertions run along a row:
    `d[j] = min(d'[j], d[j - 1] + 1)` is `j` + the running minimum of `d'[j] - j`.
    """
    hypotheses, columns = written.padded()
    references, _ = wanted.padded()
    along = torch.arange(references.shape[1] + 1, device=references.device)
    before = now = along.expand(len(references), -1)
    drafts = torch.zeros_like(hypotheses, dtype=torch.bool)
    if written.complete is not None:
        drafts[written.rows, columns] = ~written.complete
    found = []
    for column in range(hypotheses.shape[1]):
        wrong = hypotheses[:, column, None] != references
        changed = torch.minimum(before[:, :-1] + wrong, before[:, 1:] + 1)
        row = torch.cat([before[:, :1] + 1, changed], 1)
        now = (row - along).cummin(1).values + along
        found.append(now.gather(1, wanted.sizes[:, None]))
        # The unit after a draft is another form of the same word and starts from the same row.
        before = now if written.complete is None else now.where(~drafts[:, column, None], before)
    if not found:
        return torch.zeros(0, dtype=torch.float64, device=references.device)
    return torch.cat(found, 1)[written.rows, columns].double()
