"""Clipped matches of n-grams in every prefix of a batch of sentences, on tensors."""

from __future__ import annotations

import torch
from torch import Tensor

from latimer.metrics.units import Units, offsets


def clipped_matches(written: Units, wanted: Units, order: int) -> Tensor:
    """Clipped n-gram matches of every prefix, for n = 1 … order, `[order, units]`, int64.

    Column u is for the sentence up to and including unit u. An n-gram is a clipped match if it has
    occurred in the prefix, itself included, no more often than in the reference. This does not
    depend on later units, so that one pass serves all prefixes.
    """
    sides = written, wanted
    before = [_before(side) for side in sides]
    grams = [side.rows for side in sides]
    hits = torch.zeros((order, len(written.rows)), dtype=torch.bool, device=written.rows.device)
    for n in range(1, order + 1):
        # Units that end an n-gram. Grams of different sentences differ, the first being the row.
        chosen = [(side.places >= n).nonzero().squeeze(1) for side in sides]
        last = [
            side.numbers.index_select(0, ends) for side, ends in zip(sides, chosen, strict=True)
        ]
        earlier = [
            gram.index_select(0, ends if n == 1 else previous.index_select(0, ends))
            for gram, ends, previous in zip(grams, chosen, before, strict=True)
        ]
        complete = None if written.complete is None else written.complete.index_select(0, chosen[0])
        shorter, clipped = _compared(_paired(earlier, last), complete)
        hits[n - 1].scatter_(0, chosen[0], clipped)
        grams = [torch.empty_like(side.rows) for side in sides]
        for gram, ends, numbers in zip(grams, chosen, shorter, strict=True):
            gram.scatter_(0, ends, numbers)
    return _within_sentences(hits, written)


def _before(side: Units) -> Tensor:
    """The index of the complete unit before each unit, `[units]`."""
    if side.complete is None:
        return torch.arange(-1, len(side.rows) - 1, device=side.rows.device)
    complete = torch.nn.functional.pad(side.complete.nonzero().squeeze(1), (1, 0), value=-1)
    return complete.index_select(0, side.complete.cumsum(0) - side.complete.long())


def _paired(earlier: list[Tensor], last: list[Tensor]) -> list[Tensor]:
    """A number for each pair; equal pairs have equal numbers."""
    widest = max((int(part.max()) + 1 for part in last if len(part)), default=1)
    return [a * widest + b for a, b in zip(earlier, last, strict=True)]


def _compared(keys: list[Tensor], complete: Tensor | None) -> tuple[list[Tensor], Tensor]:
    """Consecutive numbers for `keys` [written, reference], and the clipped matches.

    The matches say for each written n-gram whether it has occurred no more often than in the
    reference; earlier drafts do not count. A stable sort puts equal n-grams side by side, written
    ones first and in their order.
    """
    sizes = [len(part) for part in keys]
    ordered, order = torch.cat(keys).sort(stable=True)
    begins = torch.ones_like(ordered, dtype=torch.bool)
    begins[1:] = ordered[1:] != ordered[:-1]
    kinds = begins.cumsum(0) - 1
    first = begins.nonzero().squeeze(1)
    numbers = torch.empty_like(kinds).scatter_(0, order, kinds)
    of_reference = torch.bincount(numbers[sizes[0] :], minlength=len(first))
    seen = torch.arange(len(ordered), device=ordered.device)
    if complete is not None:
        counted = torch.cat([complete, complete.new_zeros(sizes[1])]).index_select(0, order).long()
        seen = counted.cumsum(0) - counted
    # n-grams before this kind plus its count in the reference: from there on they do not match.
    most = (seen.index_select(0, first) + of_reference).index_select(0, kinds)
    clipped = torch.empty_like(begins).scatter_(0, order, seen < most)
    return list(numbers.split(sizes)), clipped[: sizes[0]]


def _within_sentences(hits: Tensor, written: Units) -> Tensor:
    """Matches in the sentence so far: those of complete units, and that of a draft itself."""
    counted = hits if written.complete is None else hits & written.complete
    sums = torch.nn.functional.pad(counted.cumsum(1), (1, 0))
    counts = torch.bincount(written.rows, minlength=len(written.sizes))
    found = sums[:, 1:] - sums.index_select(1, offsets(counts).index_select(0, written.rows))
    return found if written.complete is None else found + (hits & ~written.complete)
