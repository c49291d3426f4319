"""Clipped matches of n-grams in every prefix of a batch of sentences, on tensors."""

from __future__ import annotations

import torch
from torch import Tensor

from latimer.metrics.units import Units, offsets


def clipped_matches(written: Units, wanted: Units, order: int) -> Tensor:
    """How many n-grams of a prefix the reference has, for n = 1 … order, `[order, units]`, int64.

    Column u counts those of the sentence up to and with unit u. The clipped matches of a prefix are
    those of its n-grams that have occurred in it, themselves included, no more often than in the
    reference. Whether one is such does not depend on what follows, so one pass serves all prefixes.
    """
    sides = written, wanted
    before = [_before(side) for side in sides]
    grams = [side.rows for side in sides]
    hits = torch.zeros((order, len(written.rows)), dtype=torch.bool, device=written.rows.device)
    for n in range(1, order + 1):
        # Units that end an n-gram. Grams of different sentences differ, the first being the row.
        chosen = [(side.places >= n).nonzero().squeeze(1) for side in sides]
        last = [side.numbers[ends] for side, ends in zip(sides, chosen, strict=True)]
        earlier = [
            gram[ends] if n == 1 else gram[previous[ends]]
            for gram, ends, previous in zip(grams, chosen, before, strict=True)
        ]
        complete = None if written.complete is None else written.complete[chosen[0]]
        shorter, hits[n - 1, chosen[0]] = _compared(_paired(earlier, last), complete)
        grams = [torch.empty_like(side.rows) for side in sides]
        for gram, ends, numbers in zip(grams, chosen, shorter, strict=True):
            gram[ends] = numbers
    return _within_sentences(hits, written)


def _before(side: Units) -> Tensor:
    """The complete unit before each, `[units]`; of use where the sentence has one."""
    places = torch.arange(len(side.rows), device=side.rows.device)
    if side.complete is not None and len(places):
        places = torch.where(side.complete, places + 1, 0).cummax(0).values
        return torch.cat([places.new_zeros(1), places[:-1] - 1])
    return places - 1


def _paired(earlier: list[Tensor], last: list[Tensor]) -> list[Tensor]:
    """One number for each pair; equal pairs have equal numbers."""
    widest = max((int(part.max()) + 1 for part in last if len(part)), default=1)
    return [a * widest + b for a, b in zip(earlier, last, strict=True)]


def _compared(keys: list[Tensor], complete: Tensor | None) -> tuple[list[Tensor], Tensor]:
    """Small numbers in the place of `keys` [written, reference], and the clipped matches.

    These say of each n-gram written whether it has occurred no more often than in the reference,
    where drafts before it do not count. Sorted stably, equal n-grams stand together, those written
    first and in their order.
    """
    sizes = [len(part) for part in keys]
    ordered, order = torch.cat(keys).sort(stable=True)
    begins = torch.ones_like(ordered, dtype=torch.bool)
    begins[1:] = ordered[1:] != ordered[:-1]
    kinds = begins.cumsum(0) - 1
    first = begins.nonzero().squeeze(1)
    of_reference = torch.zeros_like(first).index_add_(0, kinds, (order >= sizes[0]).long())
    seen = torch.arange(len(ordered), device=ordered.device)
    if complete is not None:
        counted = torch.cat([complete, complete.new_zeros(sizes[1])])[order].long()
        seen = counted.cumsum(0) - counted
    # Seen before its kind, and as often as the reference has it: the first that is no match.
    numbers, clipped = torch.empty_like(kinds), torch.empty_like(begins)
    numbers[order] = kinds
    clipped[order] = seen < (seen[first] + of_reference)[kinds]
    return list(numbers.split(sizes)), clipped[: sizes[0]]


def _within_sentences(hits: Tensor, written: Units) -> Tensor:
    """Hits of the sentence so far: those of complete units, and that of a draft itself."""
    counted = hits if written.complete is None else hits & written.complete
    sums = torch.nn.functional.pad(counted.cumsum(1), (1, 0))
    counts = torch.bincount(written.rows, minlength=len(written.sizes))
    found = sums[:, 1:] - sums[:, offsets(counts)[written.rows]]
    return found if written.complete is None else found + (hits & ~written.complete)
