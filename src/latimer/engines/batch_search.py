"""Batches of encoded parts of texts, and how each is searched."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

import torch
from torch import Tensor

from latimer.engines.required import Required
from latimer.engines.shortlist import Shortlist, Shortlisted
from latimer.engines.ways import Way
from latimer.search.constrained import constrained_beam_search
from latimer.search.hypothesis import Hypothesis
from latimer.search.rules import ForcedPrefix, Rule, Ruled
from latimer.search.scorer import DeadEnd, Scorer, default_max_length
from latimer.text.batching import pad_sources

MAX_ROWS = 640
"""Prefixes extended at once, beams counted: their scores fill 20 MB with 8,000 pieces."""
SPARE = 10
"""Tokens that a translation may go on for beyond the minimum length, without `max_length`."""

Find = Callable[..., list[list[Hypothesis]]]
"""`beam_search` or another of its kind."""


class Encoded(NamedTuple):
    """One part ready for the network: its text, its pieces and the table of its placeholders.

    forced: the pieces that its translation begins with.
    """

    text: str
    pieces: list[int]
    table: list[str]
    forced: Sequence[int] = ()


def batches(parts: Sequence[Encoded], tokens: int, width: int) -> Iterator[list[Encoded]]:
    """Parts that have pieces, longest first, in batches that fit the budget.

    That is `tokens` source pieces, padding counted, and `MAX_ROWS` prefixes of `width` a part.
    All of a batch begin with the same `forced` pieces.
    """
    for begun in (True, False):
        some = [part for part in parts if part.pieces and bool(part.forced) == begun]
        waiting = iter(sorted(some, key=lambda part: -len(part.pieces)))
        while first := next(waiting, None):
            size = max(1, min(tokens // (len(first.pieces) + 1), MAX_ROWS // width))
            yield [first, *islice(waiting, size - 1)]


def usual_limits(lengths: Tensor, needed: Tensor | int, min_length: int) -> Tensor:
    """The most tokens of translations where nobody has said so; `lengths` and it count EOS.

    The limit of `default_max_length` grows by the `needed` pieces of a prefix and of phrases, and
    so that `min_length` is reached with room to end.
    """
    return (default_max_length(lengths) + needed).clamp(min=min_length + SPARE)


@dataclass(frozen=True)
class BatchSearch:
    """What is the same for every batch of a call.

    `find` is a search of the beam's kind with the settings `options`; a `way` takes its place. All
    obey `rules`; `required` knows the phrases that must appear. Without `max_length` the limits are
    `usual_limits`. `write` makes a text of a part and the pieces of its translation.
    """

    scorer: Scorer[Any]
    device: torch.device
    find: Find
    options: dict[str, Any]
    way: Way | None
    rules: list[Rule]
    required: Required
    shortlist: Shortlist | None
    max_length: int | None
    min_length: int
    write: Callable[[Encoded, list[int]], str]

    @torch.inference_mode()
    def __call__(self, batch: list[Encoded]) -> list[list[Hypothesis]]:
        """The hypotheses of each part, the best first.

        Raises InputError where what is demanded of a part excludes itself, and DeadEnd where a
        part has no translation though nothing is demanded.
        """
        names = [part.text for part in batch]
        try:
            return self._found(batch, names)
        except DeadEnd as error:
            begun = bool(batch[0].forced)
            raise self.required.explained(error, names, begun=begun) from None

    def _found(self, batch: list[Encoded], names: list[str]) -> list[list[Hypothesis]]:
        source, lengths = pad_sources([part.pieces for part in batch])
        phrases = self.required.pieces(names)
        limits = self._limits(batch, lengths, phrases)
        source, lengths = source.to(self.device), lengths.to(self.device)
        if self.way is not None:

            def write(row: int, tokens: list[int]) -> str:
                return self.write(batch[row], tokens)

            return self.way.search(self._bound(batch), source, lengths, limits, names, write)
        find = self.find
        if any(phrases):
            find = partial(constrained_beam_search, phrases=phrases)
        if self.shortlist is None:
            scorer = self._bound(batch)
            return find(scorer, source, lengths, max_length=limits, **self.options)
        short = Shortlisted(self.shortlist, source)
        found = find(short, source, lengths, max_length=limits, **self.options)
        return short.in_tokens(found)

    def _limits(
        self, batch: list[Encoded], lengths: Tensor, phrases: list[list[list[int]]]
    ) -> int | Tensor:
        if self.max_length is not None:
            return self.max_length
        needed = [
            len(part.forced) + sum(map(len, several))
            for part, several in zip(batch, phrases, strict=True)
        ]
        return usual_limits(lengths, lengths.new_tensor(needed), self.min_length)

    def _bound(self, batch: list[Encoded]) -> Scorer[Any]:
        """The scorer, bound by the rules."""
        forced = batch[0].forced
        beginning = [ForcedPrefix([forced] * len(batch))] if forced else []
        rules = [*self.rules, *beginning]
        return Ruled(self.scorer, rules) if rules else self.scorer
