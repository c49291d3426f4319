"""Beam search over a batch of sentences.

At every step each sentence extends its live prefixes by every token and keeps the best, as many
as the beam has free slots. A hypothesis that writes EOS leaves the beam and takes its slot with
it (Sutskever et al. 2014, section 3.2), so that a beam of 1 is greedy search and a sentence ends
at the latest when `beam` hypotheses are finished. Rows of finished sentences leave the batch.

Prefixes are ranked by log P alone, finished hypotheses by their scores: prefixes of a step are all
equally long, and what they have not read of the source yet they may still read (Wu et al. 2016,
section 7, too, apply equation 14 only to hypotheses that have ended).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from latimer.errors import InputError
from latimer.search.coverage import Coverage, check_penalty
from latimer.search.finished import Ended
from latimer.search.history import History
from latimer.search.hypothesis import Hypothesis
from latimer.search.normalise import normaliser
from latimer.search.scorer import (
    S,
    Scorer,
    check_normaliser,
    length_limits,
    permitted,
)
from latimer.search.stopping import STOPS
from latimer.search.top import Continuations, best_continuations, log_sum_exp
from latimer.text.vocabulary.subwords import BOS, EOS

MAX_BEAM = 4000
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
    *,
    max_length: int | Tensor,
    beam: int = 5,
    alpha: float = 1.0,
    normalisation: str = "power",
    nbest: int = 1,
    stop: str = "safe",
    coverage_penalty: float = 0.0,
    allow_unk: bool = False,
    keep_attention: bool = False,
    pick: Pick = most_probable,
) -> list[list[Hypothesis]]:
    """At most `nbest` hypotheses for each sentence, best score first.

    `source` is `[batch, time]`, `lengths` `[batch]`. `max_length` counts EOS and may differ between
    sentences, `[batch]`; a prefix that reaches it is returned, with `finished=False`, only if the
    sentence has no finished hypothesis at all. Log-probabilities are the model's own: PAD, BOS and
    (unless `allow_unk`) UNK are never written, but keep their share. `coverage_penalty` is the β
    that is added to scores (see `latimer.search.coverage`), for scorers with attention.

    A sentence ends when `beam` hypotheses are finished, or sooner: with `stop="safe"` when no
    prefix could still enter the nbest, which changes no result, or by a faster heuristic of
    `latimer.search.stopping`, which may miss a longer and better one.
    `pick` chooses at each step what goes on.

    Raises InputError for impossible settings and LatimerError when the model is broken.
    """
    check_settings(beam, nbest, stop)
    check_penalty(coverage_penalty)
    scoring = normaliser(normalisation, alpha)
    batch = len(source)
    if batch == 0:
        return []
    limits = length_limits(max_length, batch, source.device)
    history, ended = History(), Ended(batch, nbest, source.device)
    coverage = Coverage(coverage_penalty, lengths, source.size(1))
    live = _start(batch, beam, source.device)
    state = scorer.start(source, lengths)
    for length in range(1, int(limits.max()) + 1):
        scores, state = scorer.step(state, live.tokens.flatten())
        coverage.add(state.attention)
        best, tokens = _extend(live, state, scores, allow_unk, length, pick)
        width = live.log_probs.size(1)
        rows = (torch.arange(len(best.parents), device=source.device) * width)[:, None]
        rows = rows + best.parents
        history.add(tokens.flatten(), rows.flatten(), state.attention if keep_attention else None)
        ending, going = sort_out(live.slots, best.log_probs, tokens)
        longest = limits[live.sentences][:, None]
        cut = going & (longest == length)
        if bool((ending | cut).any()):
            finals = scoring.score(best.log_probs, limits.new_tensor(length)) + coverage.of(rows)
            ended.add(live.sentences, ending, cut, length, best.log_probs, finals)
            going &= ~cut
        if ended:  # until then there is nothing to beat
            writing = best.log_probs.masked_fill(~going, -torch.inf)
            to_beat = ended.to_beat(live.sentences)
            going &= STOPS[stop](scoring, writing, length, longest, to_beat)[:, None]
        if bool(going.all()):  # as usual with few sentences, and then there is less to do
            history.keep(None)
            kept = rows.flatten()
            state = state.select(kept)
            coverage.select(kept)
            live = _Live(live.sentences, live.slots, best.log_probs, tokens)
            continue
        chosen = _compact(going)
        if chosen is None:
            break
        stay, order = chosen
        history.keep((stay[:, None] * going.size(1) + order).flatten())
        all_stay = len(stay) == len(going)
        kept = rows[stay].gather(1, order).flatten()
        state = state.select(kept, None if all_stay else stay)
        coverage.select(kept)
        live = _Live(
            live.sentences[stay],
            (live.slots - ending.sum(1))[stay],
            best.log_probs.masked_fill(~going, -torch.inf)[stay].gather(1, order),
            tokens[stay].gather(1, order),
        )
    return ended.hypotheses(history, lengths)


def check_settings(beam: int, nbest: int, stop: str = "safe") -> None:
    """Raises InputError for settings that no search can follow."""
    if not 1 <= beam <= MAX_BEAM:
        raise InputError(f"beam: 1 to {MAX_BEAM} expected, not {beam}")
    if not 1 <= nbest <= beam:
        raise InputError(f"nbest: 1 to {beam}, the width of the beam, expected, not {nbest}")
    if stop not in STOPS:
        raise InputError(f"stop: unknown {stop!r}; valid choices: {', '.join(STOPS)}")


@dataclass
class _Live:
    """The prefixes still being written, `width` rows for each sentence, best first."""

    sentences: Tensor  # [sentences]: places in the caller's batch
    slots: Tensor  # [sentences]: width of the beam less the hypotheses finished
    log_probs: Tensor  # [sentences, width], float64; −∞ fills up the width
    tokens: Tensor  # [sentences, width]: the last token


def _start(batch: int, beam: int, device: torch.device) -> _Live:
    return _Live(
        torch.arange(batch, device=device),
        torch.full((batch,), beam, device=device),
        torch.zeros(batch, 1, dtype=torch.float64, device=device),
        torch.full((batch, 1), BOS, device=device),
    )


def _extend(
    live: _Live, state: Any, scores: Tensor, allow_unk: bool, length: int, pick: Pick
) -> tuple[Continuations, Tensor]:
    """The best candidates of each sentence and their tokens, `[sentences, k]`."""
    normalisers = log_sum_exp(scores)
    check_normaliser(normalisers, live.log_probs)
    allowed = permitted(scores, allow_unk)
    first = scores.size(1) - allowed.size(1)
    found = pick(
        state,
        Candidates(live.sentences, live.slots, live.log_probs, allowed, normalisers, first, length),
    )
    return found, found.columns + first


def sort_out(slots: Tensor, log_probs: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
    """Which candidates `[sentences, k]`, best first, end, and which go on; the rest is given up.

    `slots [sentences]` says how many a sentence has room for.
    """
    ranks = torch.arange(tokens.size(1), device=tokens.device)
    possible = (ranks < slots[:, None]) & (log_probs > -torch.inf)
    ends = tokens == EOS
    return possible & ends, possible & ~ends


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
