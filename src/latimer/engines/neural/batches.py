"""Batches of encoded segments, and how each is searched."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

import torch

from latimer.engines.neural.constraints import Compiled, length_limits, rules_of
from latimer.engines.neural.shortlist import Shortlist, Shortlisted
from latimer.search.batch import SearchBatch, run_search
from latimer.search.hypothesis import Hypothesis
from latimer.search.rules import Ruled
from latimer.search.scorer import DeadEnd, Scorer
from latimer.search.strategies import Search
from latimer.text.batching import pad_sources

Guide = Callable[[Scorer[Any], Sequence[int]], Scorer[Any]]
"""Makes a scorer of another one, for the segments with these places in the caller's list."""

MAX_ROWS = 640
"""Prefixes extended at once, beams counted: their scores fill 20 MB with 8,000 pieces."""


class Encoded(NamedTuple):
    """One segment ready for the network.

    place: in the caller's list; text, its pieces and the table of its placeholders; constraints:
    those of its translation.
    """

    place: int
    text: str
    pieces: list[int]
    table: list[str]
    constraints: Compiled


def batches(segments: Sequence[Encoded], tokens: int, width: int) -> Iterator[list[Encoded]]:
    """Segments that have pieces, longest first, in batches that fit the budget.

    That is `tokens` source pieces, padding counted, and `MAX_ROWS` prefixes of `width` a segment.
    Whether there are rules or phrases is the same for all of a batch, because scores are rounded
    differently then: so what else is in a batch does not matter to a segment.
    """
    groups: dict[tuple[bool, bool], list[Encoded]] = {}
    for one in segments:
        if one.pieces:
            groups.setdefault((one.constraints.ruled, one.constraints.free), []).append(one)
    for some in groups.values():
        waiting = iter(sorted(some, key=lambda one: -len(one.pieces)))
        while first := next(waiting, None):
            size = max(1, min(tokens // (len(first.pieces) + 1), MAX_ROWS // width))
            yield [first, *islice(waiting, size - 1)]


@dataclass(frozen=True)
class BatchSearcher:
    """What is the same for every batch of a call.

    shortlist: for batches without constraints, if there is one; write: the text of a segment's
    translation in pieces; language: code of the target language; guide: see `Guide`.
    """

    scorer: Scorer[Any]
    device: torch.device
    search: Search
    shortlist: Shortlist | None
    write: Callable[[Encoded, list[int]], str]
    language: str
    keep_attention: bool
    guide: Guide | None = None

    @torch.inference_mode()
    def __call__(self, batch: list[Encoded]) -> list[list[Hypothesis]]:
        """The hypotheses of each segment, the best first.

        Raises SettingError where the constraints of a segment exclude each other, and DeadEnd
        where one has no translation though nothing is demanded.
        """
        try:
            return self._found(batch)
        except DeadEnd as error:
            if error.sentence is None and len(batch) > 1:  # sampling does not say which one it is
                return [self([one])[0] for one in batch]
            at = batch[error.sentence or 0]
            raise at.constraints.explained(error, at.text) from None

    def _found(self, batch: list[Encoded]) -> list[list[Hypothesis]]:
        source, lengths = pad_sources([one.pieces for one in batch])
        compiled = [one.constraints for one in batch]
        phrases = [one.constraints.pieces(one.text) for one in batch]
        limits = length_limits(compiled, lengths, phrases)
        source, lengths = source.to(self.device), lengths.to(self.device)
        rules = rules_of(compiled)
        scorer = self.scorer
        if self.guide is not None:
            scorer = self.guide(scorer, [one.place for one in batch])
        if rules:
            scorer = Ruled(scorer, rules)
        short = None
        if self.shortlist is not None and self.guide is None and batch[0].constraints.free:
            scorer = short = Shortlisted(self.shortlist, source)
        found = run_search(
            self.search,
            SearchBatch(
                scorer, source, lengths, limits, [one.text for one in batch], phrases,
                lambda row, tokens: self.write(batch[row], tokens), self.language,
                self.keep_attention,
            ),
        )  # fmt: skip
        return found if short is None else short.in_tokens(found)
