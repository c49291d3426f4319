"""Batches of encoded parts of texts, and how each is searched."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

import torch

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

Find = Callable[..., list[list[Hypothesis]]]
"""`beam_search` or another of its kind."""


class Encoded(NamedTuple):
    """One part ready for the network: its text, its pieces and the table of its placeholders."""

    text: str
    pieces: list[int]
    table: list[str]


def batches(parts: Sequence[Encoded], tokens: int, width: int) -> Iterator[list[Encoded]]:
    """Parts that have pieces, longest first, in batches that fit the budget.

    That is `tokens` source pieces, padding counted, and `MAX_ROWS` prefixes of `width` a part.
    """
    waiting = iter(sorted((p for p in parts if p.pieces), key=lambda p: -len(p.pieces)))
    while first := next(waiting, None):
        size = max(1, min(tokens // (len(first.pieces) + 1), MAX_ROWS // width))
        yield [first, *islice(waiting, size - 1)]


@dataclass(frozen=True)
class BatchSearch:
    """What is the same for every batch of a call.

    `find` is a search of the beam's kind with the settings `options`; a `way` takes its place. All
    obey `rules` and begin with the pieces `forced`; `required` knows the phrases that must appear.
    Without `max_length` the limit is that of `default_max_length`. `write` makes a text of a part
    and the pieces of its translation.
    """

    scorer: Scorer[Any]
    device: torch.device
    find: Find
    options: dict[str, Any]
    way: Way | None
    rules: list[Rule]
    forced: list[int]
    required: Required
    shortlist: Shortlist | None
    max_length: int | None
    write: Callable[[Encoded, list[int]], str]

    @torch.inference_mode()
    def __call__(self, batch: list[Encoded]) -> list[list[Hypothesis]]:
        """The hypotheses of each part, the best first.

        Raises DeadEnd where a part has none, in words of what was required.
        """
        source, lengths = pad_sources([part.pieces for part in batch])
        limits: Any = default_max_length(lengths) if self.max_length is None else self.max_length
        source, lengths = source.to(self.device), lengths.to(self.device)
        names = [part.text for part in batch]
        if self.way is not None:

            def write(row: int, tokens: list[int]) -> str:
                return self.write(batch[row], tokens)

            return self.way.search(self._bound(batch), source, lengths, limits, names, write)
        phrases = self.required.pieces(names)
        find = self.find
        if any(phrases):
            find = partial(constrained_beam_search, phrases=phrases)
            if self.max_length is None:
                limits = limits + limits.new_tensor(self.required.room(phrases))
        short = None if self.shortlist is None else Shortlisted(self.shortlist, source)
        scorer = self._bound(batch) if short is None else short
        try:
            found = find(scorer, source, lengths, max_length=limits, **self.options)
        except DeadEnd as error:
            raise self.required.explained(error, names) from None
        return found if short is None else short.in_tokens(found)

    def _bound(self, batch: list[Encoded]) -> Scorer[Any]:
        """The scorer, bound by the rules."""
        beginning = [ForcedPrefix([self.forced] * len(batch))] if self.forced else []
        rules = [*self.rules, *beginning]
        return Ruled(self.scorer, rules) if rules else self.scorer
