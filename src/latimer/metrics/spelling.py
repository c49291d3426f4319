"""From pieces to characters and words, on tensors.

Words are separated by spaces, and equal if their characters are, whatever their pieces.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from latimer.metrics.units import Units, offsets


class Spelling:
    """A table of the text that each token adds.

    Characters that Python's `str.split` treats as spaces separate words and are not counted.
    """

    def __init__(self, spellings: Sequence[str]) -> None:
        """`spellings`: the text of each token id, with a space where it begins a word."""
        alphabet: dict[str, int] = {}
        codes, spaces_before, counts, spaces = [], [], [], []
        for text in spellings:
            passed = 0
            for character in text:
                if character.isspace():
                    passed += 1
                else:
                    codes.append(alphabet.setdefault(character, len(alphabet) + 1))
                    spaces_before.append(passed)
            counts.append(sum(not character.isspace() for character in text))
            spaces.append(passed)
        self.alphabet = len(alphabet)
        table = [torch.tensor(part, dtype=torch.long) for part in (codes, spaces_before)]
        self._codes, self._spaces_before = table
        self._counts, self._spaces = torch.tensor(counts), torch.tensor(spaces)
        self._begins = offsets(self._counts)

    def characters(self, sentences: Tensor, lengths: Tensor) -> Units:
        """The characters of `sentences [batch, time]` with `lengths [batch]`, spaces left out."""
        return self._spelt(sentences, lengths).units

    def words(self, written: tuple[Tensor, Tensor], wanted: tuple[Tensor, Tensor]) -> list[Units]:
        """The words of hypotheses, including drafts, and of references, without drafts.

        Both as (sentences `[batch, time]`, lengths `[batch]`).
        """
        sides = [self._spelt(*written), self._spelt(*wanted)]
        positions = [_positions(side.begins) for side in sides]
        ends = [_ends(side) for side in sides]
        # A word is named at its last character, and where a token ends within it.
        named = [ends[0] | _last_of_tokens(sides[0].units), ends[1]]
        numbers = self._names([side.units.numbers for side in sides], positions, named)
        return [
            _of_words(sides[0], ends[0], named[0], numbers[0], drafts=True),
            _of_words(sides[1], ends[1], named[1], numbers[1], drafts=False),
        ]

    def _spelt(self, sentences: Tensor, lengths: Tensor) -> _Spelt:
        self._move(sentences.device)
        time = torch.arange(sentences.shape[1], device=sentences.device)
        within = time < lengths[:, None]
        tokens = sentences.where(within, 0)
        counts = (self._counts[tokens] * within).flatten()
        spaces = (self._spaces[tokens] * within).flatten()
        places = torch.arange(counts.numel(), device=tokens.device).repeat_interleave(counts)
        first, rows = offsets(counts), torch.div(places, max(1, len(time)), rounding_mode="floor")
        inside = torch.arange(len(places), device=tokens.device) - first.index_select(0, places)
        found = self._begins.index_select(0, tokens.flatten()).index_select(0, places) + inside
        sums = counts.view(sentences.shape).cumsum(1)
        sizes = sums[:, -1] if len(time) else torch.zeros_like(lengths)
        at = (sums + offsets(sizes)[:, None]) * (sums > 0)
        columns = (
            torch.arange(len(places), device=tokens.device)
            - offsets(sizes).index_select(0, rows)
            + 1
        )
        passed = offsets(spaces).index_select(0, places)
        passed = passed + self._spaces_before.index_select(0, found)
        begins = columns == 1
        begins[1:] |= passed[1:] != passed[:-1]
        return _Spelt(
            Units(self._codes.index_select(0, found), rows, columns, None, sizes, at), begins
        )

    def _names(
        self, codes: list[Tensor], positions: list[Tensor], named: list[Tensor]
    ) -> list[Tensor]:
        """A number for each word from its first character to one of `named`.

        Equal words have equal numbers, and different words different ones: characters that fit into
        62 bits are one number, a block, and longer words are numbered block by block.
        """
        base = self.alphabet + 1
        size = 62 // base.bit_length()
        position, wanted = torch.cat(positions), torch.cat(named)
        blocks = _blocks(torch.cat(codes), position, base, size)
        chosen = (wanted | (position % size == size - 1)).nonzero().squeeze(1)
        depth = torch.div(position.index_select(0, chosen), size, rounding_mode="floor")
        kinds, names = blocks.index_select(0, chosen).unique(return_inverse=True)
        words = (position == 0).cumsum(0).index_select(0, chosen)
        before = torch.zeros(len(position) + 1, dtype=torch.long, device=position.device)
        used = len(kinds)
        for level in range(1, int(depth.max()) + 1 if len(depth) else 0):
            full = (depth == level - 1) & (position[chosen] % size == size - 1)
            before[words[full]] = names[full]
            longer = (depth == level).nonzero().squeeze(1)
            pairs = before[words[longer]] * len(kinds) + names[longer]
            found, again = pairs.unique(return_inverse=True)
            names[longer] = again + used
            used += len(found)
        every = torch.zeros_like(position)
        every.scatter_(0, chosen, names)
        return list(every.split([len(part) for part in codes]))

    def _move(self, device: torch.device) -> None:
        if self._codes.device != device:
            self._codes, self._spaces_before = (
                self._codes.to(device),
                self._spaces_before.to(device),
            )
            self._counts, self._spaces = self._counts.to(device), self._spaces.to(device)
            self._begins = self._begins.to(device)


class _Spelt(NamedTuple):
    """Characters, and which of them begin a word, `[units]`."""

    units: Units
    begins: Tensor


def _positions(begins: Tensor) -> Tensor:
    """The place of each character in its word, from 0."""
    places = torch.arange(len(begins), device=begins.device)
    return places - begins.nonzero().squeeze(1).index_select(0, begins.cumsum(0) - 1)


def _ends(side: _Spelt) -> Tensor:
    """Which characters end a word."""
    return torch.cat([side.begins[1:], side.begins.new_ones(min(1, len(side.begins)))])


def _last_of_tokens(characters: Units) -> Tensor:
    """Which characters are the last of some prefix."""
    last = torch.zeros(len(characters.rows) + 1, dtype=torch.bool, device=characters.rows.device)
    last[characters.at.flatten()] = True
    return last[1:]


def _blocks(codes: Tensor, position: Tensor, base: int, size: int) -> Tensor:
    """The characters of a word since its last multiple of `size`, as digits of one number.

    No character is 0, so that different blocks have different numbers. Overflow of the sums is
    harmless: their differences are correct modulo 2^64.
    """
    inside = position % size
    powers = torch.tensor([base**k for k in range(size)], device=codes.device)
    sums = torch.nn.functional.pad((codes * powers.index_select(0, inside)).cumsum(0), (1, 0))
    places = torch.arange(len(codes), device=codes.device)
    return sums[1:] - sums.index_select(0, places - inside)


def _of_words(side: _Spelt, ends: Tensor, named: Tensor, numbers: Tensor, *, drafts: bool) -> Units:
    """Words from characters: those of `named`, complete at `ends`."""
    units, chosen = side.units, named.nonzero().squeeze(1)
    rows = units.rows.index_select(0, chosen)
    count = side.begins.cumsum(0)
    before = torch.nn.functional.pad(count, (1, 0)).index_select(0, offsets(units.sizes))
    places = count.index_select(0, chosen) - before.index_select(0, rows)
    # The words of a sentence end where the next one's begin.
    after = torch.nn.functional.pad(count, (1, 0)).index_select(0, units.sizes.cumsum(0))
    at = torch.nn.functional.pad(named.cumsum(0), (1, 0))[units.at]
    complete = ends.index_select(0, chosen) if drafts else None
    return Units(numbers.index_select(0, chosen), rows, places, complete, after - before, at)
