"""Exact search: the best translation of all, with a proof (Stahlberg & Byrne 2019).

Depth first, the most probable continuations before the others. A prefix is given up when nothing
that begins with it can score higher than the best translation known, which beam search provides to
begin with. When nothing is left, the best known is the best there is.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, NamedTuple

import torch
from torch import Tensor

from latimer.search.batch import SearchBatch
from latimer.search.beam import beam_search
from latimer.search.hypothesis import Hypothesis
from latimer.search.normalise import Normaliser, normaliser
from latimer.search.scorer import (
    DeadEnd,
    S,
    Scorer,
    check_normaliser,
    dead_end,
    length_limits,
    permitted,
)
from latimer.search.strategies import Beam, Exact
from latimer.text.vocabulary.subwords import BOS, EOS

TOGETHER = 64
"""Prefixes that grow in one step of the network, siblings or cousins."""


class ExactResult(NamedTuple):
    """A translation and what is known of it.

    proven: no other scores higher. gap: how much higher another may score at most, 0 if proven;
    expanded: prefixes whose continuations were scored.
    """

    hypothesis: Hypothesis
    proven: bool
    gap: float
    expanded: int


class _Waiting(NamedTuple):
    """Siblings not yet looked at, best first: the state that has read their parents.

    parents, tokens `[n]`, log_probs `[n]` (float64), prefixes: what each parent has written.
    """

    state: Any
    parents: Tensor
    tokens: Tensor
    log_probs: Tensor
    prefixes: list[list[int]]


def run(search: Exact, batch: SearchBatch) -> list[list[Hypothesis]]:
    """See `Strategy.runner`."""
    found = exact_search(batch.scorer, batch.source, batch.lengths, search, max_length=batch.limits)
    return [[result.hypothesis] for result in found]


def exact_search(
    scorer: Scorer[S],
    source: Tensor,
    lengths: Tensor,
    search: Exact,
    *,
    max_length: int | Tensor,
    allow_unk: bool = False,
) -> list[ExactResult]:
    """The translation with the highest score among all that end within `max_length` tokens.

    `source [batch, time]`, `lengths [batch]`; `max_length` counts EOS. The score is that of beam
    search with the same normalisation and alpha, whose best with `search.width` is the first to
    beat. When `search.budget` prefixes have been looked at, the best known is returned unproven.
    Ties go to the one found first.
    """
    scoring = normaliser(search.normalisation, search.alpha)
    beam = Beam(search.width, search.alpha, search.normalisation)
    limits = length_limits(max_length, len(source), source.device)
    found = []
    for row in range(len(source)):
        one, its_length = source[row : row + 1, : int(lengths[row])], lengths[row : row + 1]
        limit = int(limits[row])
        try:
            ((first,),) = beam_search(
                scorer, one, its_length, beam, max_length=limit, allow_unk=allow_unk
            )
        except DeadEnd:
            raise dead_end(row) from None
        tree = _Tree(scorer, scoring, limit, search.budget, allow_unk, first)
        found.append(tree.search(scorer.start(one, its_length), source.device))
    return found


class _Tree:
    """The prefixes of one sentence, searched depth first."""

    def __init__(
        self, scorer: Scorer[Any], scoring: Normaliser, limit: int, budget: int, allow_unk: bool,
        first: Hypothesis,
    ) -> None:  # fmt: skip
        self.scorer, self.scoring, self.limit = scorer, scoring, limit
        self.budget, self.allow_unk = budget, allow_unk
        # A hypothesis that was cut off is no translation: anything that ends is better.
        self.best = first
        self.to_beat = first.score if first.finished else -math.inf
        self.stack: list[_Waiting] = []
        self.expanded = 0

    def search(self, state: Any, device: torch.device) -> ExactResult:
        """Look at prefixes until none is left that could win, or the budget is spent."""
        zero = torch.zeros(1, dtype=torch.float64, device=device)
        start = torch.tensor([BOS], device=device)
        self.stack = [_Waiting(state, torch.zeros_like(start), start, zero, [[]])]
        gap = 0.0
        while self.stack:
            if self.expanded >= self.budget:
                open_ = max(self._bound(float(group.log_probs[0])) for group in self.stack)
                gap = max(0.0, open_ - self.to_beat)
                break
            self._grow(self.stack.pop())
        if self.to_beat == -math.inf:  # nothing ends within the limit, or nothing has been found
            gap = math.inf
        best = replace(self.best, gap=gap)
        return ExactResult(best, gap == 0.0, gap, self.expanded)

    def _bound(self, log_prob: float) -> float:
        value = torch.tensor(log_prob, dtype=torch.float64)
        return float(self.scoring.upper_bound(value, torch.tensor(self.limit)))

    def _grow(self, group: _Waiting) -> None:
        """Score the continuations of the best of a group; the others wait again."""
        hopeful = int((self._bounds(group.log_probs) > self.to_beat).sum())
        now = min(hopeful, TOGETHER, self.budget - self.expanded)
        if now == 0:
            return
        if now < hopeful:
            rest = slice(now, hopeful)
            self.stack.append(
                group._replace(
                    parents=group.parents[rest], tokens=group.tokens[rest],
                    log_probs=group.log_probs[rest],
                )
            )  # fmt: skip
        self.expanded += now
        parents, tokens = group.parents[:now], group.tokens[:now]
        scores, state = self.scorer.step(group.state.select(parents), tokens)
        prefixes = [
            [*group.prefixes[parent], token] if token != BOS else []
            for parent, token in zip(parents.tolist(), tokens.tolist(), strict=True)
        ]
        self._children(state, scores.double(), group.log_probs[:now], prefixes)

    def _bounds(self, log_probs: Tensor) -> Tensor:
        return self.scoring.upper_bound(log_probs, torch.tensor(self.limit))

    def _children(
        self, state: Any, scores: Tensor, log_probs: Tensor, prefixes: list[list[int]]
    ) -> None:
        normalisers = torch.logsumexp(scores, 1)
        check_normaliser(normalisers)
        allowed = permitted(scores, self.allow_unk)
        totals = allowed - normalisers[:, None] + log_probs[:, None]
        shift = scores.size(1) - allowed.size(1)
        length = len(prefixes[0]) + 1
        ends = totals[:, EOS - shift].tolist()
        for prefix, log_prob in zip(prefixes, ends, strict=True):
            self._finish(prefix, log_prob, length)
        if length == self.limit:
            return
        totals[:, EOS - shift] = -math.inf
        flat = totals.flatten()
        hopeful = (self._bounds(flat) > self.to_beat).nonzero().squeeze(1)
        if len(hopeful) == 0:
            return
        order = hopeful[flat[hopeful].argsort(descending=True, stable=True)]
        # No more than can still be looked at, and one, the best of all others, for the gap.
        order = order[: self.budget - self.expanded + 1]
        parents = torch.div(order, totals.size(1), rounding_mode="floor")
        tokens = order - parents * totals.size(1) + shift
        self.stack.append(_Waiting(state, parents, tokens, flat[order], prefixes))

    def _finish(self, prefix: list[int], log_prob: float, length: int) -> None:
        if log_prob == -math.inf:
            return
        value = torch.tensor(log_prob, dtype=torch.float64)
        score = float(self.scoring.score(value, torch.tensor(length)))
        if score > self.to_beat:
            self.to_beat = score
            self.best = Hypothesis(prefix, log_prob, score)
