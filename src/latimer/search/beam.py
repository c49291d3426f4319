"""Beam search over a batch of sentences; its loop is `latimer.search.loop`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from latimer.search.coverage import Coverage
from latimer.search.hypothesis import Hypothesis
from latimer.search.loop import Ending, Found, Kept, search_loop, sort_out
from latimer.search.normalise import normaliser
from latimer.search.scorer import S, Scorer, check_normaliser, length_limits, permitted
from latimer.search.stopping import STOPS
from latimer.search.strategies import Beam
from latimer.search.top import Continuations, best_continuations, log_sum_exp
from latimer.text.vocabulary.subwords import BOS

SPARE = 8
"""One in so many sentences may have ended before those that have are dropped."""


class Candidates(NamedTuple):
    """The live prefixes of a step, `width` for each sentence, and what may be appended to them."""

    sentences: Tensor
    """`[sentences]`: places in the caller's batch."""
    slots: Tensor
    """`[sentences]`: how many prefixes of each may go on or end."""
    log_probs: Tensor
    """`[sentences, width]`, float64; −∞ fills up the width."""
    scores: Tensor
    """`[sentences · width, columns]` of the next token, unnormalised."""
    normalisers: Tensor
    """`[sentences · width]`: their log-sum-exp over the vocabulary."""
    first: int
    """The token of column 0."""
    length: int
    """Tokens of a prefix, the next one counted."""


Pick = Callable[[Any, Candidates], Continuations]
"""Chooses, given the scorer's state, at most `slots` continuations of each sentence, best first."""


def most_probable(state: Any, live: Candidates) -> Continuations:
    """The choice of plain beam search."""
    return best_continuations(live.log_probs, live.scores, live.normalisers, int(live.slots.max()))


def beam_search(
    scorer: Scorer[S],
    source: Tensor,
    lengths: Tensor,
    search: Beam,
    *,
    max_length: int | Tensor,
    allow_unk: bool = False,
    keep_attention: bool = False,
    pick: Pick = most_probable,
) -> list[list[Hypothesis]]:
    """At most `search.nbest` hypotheses for each sentence, best score first.

    `source` is `[batch, time]`, `lengths` `[batch]`. `max_length` counts EOS and may differ between
    sentences, `[batch]`; a prefix that reaches it is returned, with `finished=False`, only if the
    sentence has no finished hypothesis at all. Log-probabilities are the model's own: PAD, BOS and
    (unless `allow_unk`) UNK are never written, but keep their share. The coverage penalty is the β
    that is added to scores (see `latimer.search.coverage`), for scorers with attention.

    A sentence ends when as many hypotheses are finished as the beam is wide, or sooner: with the
    rule `safe` when no prefix could still enter the nbest, which changes no result, or by another
    rule of `latimer.search.stopping`, which may miss a longer and better one.
    `pick` chooses at each step what goes on.

    Raises LatimerError when the model is broken.
    """
    batch = len(source)
    if batch == 0:
        return []
    limits = length_limits(max_length, batch, source.device)
    ending = Ending(
        search.nbest, normaliser(search.normalisation, search.alpha), STOPS[search.stop],
        search.coverage_penalty,
    )  # fmt: skip
    return search_loop(
        _Prefixes(batch, search.width, source.device, allow_unk, pick), scorer,
        scorer.start(source, lengths), Coverage(ending.coverage, lengths, source.size(1)), limits,
        ending, keep_attention=keep_attention, lengths=lengths,
    )  # fmt: skip


class _Prefixes:
    """The prefixes still being written, `width` rows for each sentence, best first."""

    def __init__(
        self, batch: int, width: int, device: torch.device, allow_unk: bool, pick: Pick
    ) -> None:
        self.sentences = torch.arange(batch, device=device)
        self._slots = torch.full((batch,), width, device=device)  # less the hypotheses finished
        # [sentences, width], float64; −∞ fills up the width
        self._log_probs = torch.zeros(batch, 1, dtype=torch.float64, device=device)
        self._tokens = torch.full((batch, 1), BOS, device=device)
        self._allow_unk, self._pick = allow_unk, pick

    @property
    def tokens(self) -> Tensor:
        """See `Frontier`."""
        return self._tokens.flatten()

    def extend(self, state: Any, scores: Tensor, length: int) -> Found:
        """See `Frontier`."""
        normalisers = log_sum_exp(scores)
        check_normaliser(normalisers, self._log_probs)
        allowed = permitted(scores, self._allow_unk)
        first = scores.size(1) - allowed.size(1)
        live = Candidates(
            self.sentences, self._slots, self._log_probs, allowed, normalisers, first, length
        )
        best = self._pick(state, live)
        width = self._log_probs.size(1)
        rows = (torch.arange(len(best.parents), device=scores.device) * width)[:, None]
        tokens = best.columns + first
        ending, going = sort_out(self._slots, best.log_probs, tokens)
        return Found(best.log_probs, tokens, rows + best.parents, ending, going)

    def advance(self, found: Found, going: Tensor) -> Kept | None:
        """See `Frontier`."""
        if bool(going.all()):  # as usual with few sentences, and then there is less to do
            self._log_probs, self._tokens = found.log_probs, found.tokens
            return Kept(None, found.rows.flatten(), None)
        chosen = _compact(going)
        if chosen is None:
            return None
        stay, order = chosen
        self.sentences = self.sentences[stay]
        self._slots = (self._slots - found.ending.sum(1))[stay]
        self._log_probs = found.log_probs.masked_fill(~going, -torch.inf)[stay].gather(1, order)
        self._tokens = found.tokens[stay].gather(1, order)
        places = (stay[:, None] * going.size(1) + order).flatten()
        rows = found.rows[stay].gather(1, order).flatten()
        return Kept(places, rows, None if len(stay) == len(going) else stay)


def _compact(going: Tensor) -> tuple[Tensor, Tensor] | None:
    """Drop sentences and columns in which nothing goes on; `going` is `[sentences, k]`.

    Returns the sentences that stay `[stay]` and the order of their candidates `[stay, width]`,
    those going on first; None when nothing does. Every sentence is as wide as the widest, because
    states hold equally many rows for each. Sentences that have ended stay, with dead prefixes,
    until they are an eighth: dropping one copies what the decoder reads of all others.
    """
    counts = going.sum(1)
    width = int(counts.max())
    if width == 0:
        return None
    stay = counts.nonzero().squeeze(1)
    if len(stay) * SPARE > len(going) * (SPARE - 1):
        stay = torch.arange(len(going), device=going.device)
    order = (~going[stay]).to(torch.uint8).argsort(dim=1, stable=True)
    return stay, order[:, :width]
