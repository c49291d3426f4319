"""Diverse beam search: groups of prefixes that avoid each other's words.

The beam is split into groups of equal width (Vijayakumar et al. 2018, algorithm 1). At every step
the groups extend their prefixes one after another, each like a beam of its own, but a token's
log-probability is lowered by λ for every time an earlier group has written that token at this
step (Hamming diversity, section 3.2 there). The penalty chooses what is kept at this step alone:
log-probabilities and scores stay those of the model. EOS is a token like others.

Groups may find the same hypothesis; it counts once. One group is beam search.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from latimer.errors import InputError
from latimer.search.beam import check_settings, sort_out
from latimer.search.coverage import Coverage, check_penalty
from latimer.search.finished import Ended
from latimer.search.history import History
from latimer.search.hypothesis import Hypothesis
from latimer.search.normalise import normaliser
from latimer.search.scorer import S, Scorer, check_normaliser, length_limits, permitted
from latimer.search.stopping import STOPS
from latimer.search.top import best_continuations, log_sum_exp
from latimer.text.vocabulary.subwords import BOS

MAX_DIVERSITY = 1000.0


def diverse_beam_search(
    scorer: Scorer[S],
    source: Tensor,
    lengths: Tensor,
    *,
    max_length: int | Tensor,
    beam: int = 5,
    groups: int = 5,
    diversity: float = 0.5,
    alpha: float = 1.0,
    normalisation: str = "power",
    nbest: int = 1,
    stop: str = "safe",
    coverage_penalty: float = 0.0,
    allow_unk: bool = False,
    keep_attention: bool = False,
) -> list[list[Hypothesis]]:
    """At most `nbest` different hypotheses for each sentence, best score first.

    `beam` is the width of all `groups` together, `diversity` is λ; all else is as in
    `beam_search`. Whether a prefix could still enter the nbest is asked of the sentence, not of a
    group, whose end would change what later groups avoid: as a hypothesis may be found once by
    every group, a sentence ends early when none can overtake the `nbest * groups`-th best.

    Raises InputError for impossible settings and LatimerError when the model is broken.
    """
    check_settings(beam, nbest, stop)
    check_penalty(coverage_penalty)
    check_groups(beam, groups, diversity)
    scoring = normaliser(normalisation, alpha)
    batch, device = len(source), source.device
    if batch == 0:
        return []
    limits = length_limits(max_length, batch, device)
    history, ended = History(), Ended(batch, min(nbest * groups, beam), device)
    coverage = Coverage(coverage_penalty, lengths, source.size(1))
    live = _start(batch, groups, beam // groups, device)
    state = scorer.start(source, lengths).select(live.sentences.repeat_interleave(groups))
    coverage.select(live.sentences.repeat_interleave(groups))
    for length in range(1, int(limits.max()) + 1):
        scores, state = scorer.step(state, live.tokens.flatten())
        coverage.add(state.attention)
        found = _extend(live, scores, diversity, allow_unk)
        history.add(
            found.tokens.flatten(),
            found.rows.flatten(),
            state.attention if keep_attention else None,
        )
        longest = limits[live.sentences][:, None]
        cut = found.going & (longest == length)
        finals = scoring.score(found.log_probs, limits.new_tensor(length)) + coverage.of(found.rows)
        ended.add(live.sentences, found.ending, cut, length, found.log_probs, finals)
        going = found.going & ~cut
        writing = found.log_probs.masked_fill(~going, -torch.inf)
        to_beat = ended.to_beat(live.sentences)
        going &= STOPS[stop](scoring, writing, length, longest, to_beat)[:, None]
        chosen = _compact(going, groups)
        if chosen is None:
            break
        stay, order = chosen
        history.keep((stay[:, None] * going.size(1) + order).flatten())
        kept = found.rows[stay].gather(1, order).flatten()
        state = state.select(kept, None if len(stay) == len(going) else stay)
        coverage.select(kept)
        live = _next(live, found, going, stay, order)
    return [_different(several, nbest) for several in ended.hypotheses(history, lengths)]


def check_groups(beam: int, groups: int, diversity: float) -> None:
    """Raises InputError for groups that the beam cannot be split into, or an impossible λ."""
    if not 1 <= groups <= beam:
        raise InputError(f"groups: 1 to {beam}, the width of the beam, expected, not {groups}")
    if beam % groups:
        raise InputError(f"groups: {groups} equal groups cannot share a beam of {beam}")
    if not (math.isfinite(diversity) and 0 <= diversity <= MAX_DIVERSITY):
        raise InputError(
            f"diversity: a number from 0 to {MAX_DIVERSITY:g} expected, not {diversity}"
        )


@dataclass
class _Live:
    """The prefixes still being written, `width` rows for each group of each sentence."""

    sentences: Tensor  # [sentences]: places in the caller's batch
    slots: Tensor  # [sentences, groups]: width of a group less the hypotheses finished
    log_probs: Tensor  # [sentences, groups, width], float64; −∞ fills up the width
    tokens: Tensor  # [sentences, groups, width]: the last token


class _Found(NamedTuple):
    """The candidates of a step, `[sentences, groups * k]`, group after group."""

    log_probs: Tensor
    tokens: Tensor
    rows: Tensor  # that they extend
    ending: Tensor
    going: Tensor


def _start(batch: int, groups: int, width: int, device: torch.device) -> _Live:
    return _Live(
        torch.arange(batch, device=device),
        torch.full((batch, groups), width, device=device),
        torch.zeros(batch, groups, 1, dtype=torch.float64, device=device),
        torch.full((batch, groups, 1), BOS, device=device),
    )


def _extend(live: _Live, scores: Tensor, diversity: float, allow_unk: bool) -> _Found:
    """The best candidates of every group, given those of the groups before it."""
    shape = live.log_probs.shape
    normalisers = log_sum_exp(scores)
    check_normaliser(normalisers, live.log_probs)
    allowed = permitted(scores, allow_unk)
    offset = scores.size(1) - allowed.size(1)
    allowed, normalisers = allowed.unflatten(0, shape), normalisers.view(shape)
    sentence = torch.arange(shape[0], device=scores.device)[:, None]
    written = allowed.new_zeros(shape[0], allowed.size(3))  # how often, by earlier groups
    found = []
    for group in range(shape[1]):
        before, plain = live.log_probs[:, group], allowed[:, group]
        lowered = plain - diversity * written[:, None] if group and diversity else plain
        best = best_continuations(
            before, lowered.flatten(0, 1), normalisers[:, group].flatten(), int(live.slots.max())
        )
        gains = plain[sentence, best.parents, best.columns].double()
        log_probs = gains + (before - normalisers[:, group]).gather(1, best.parents)
        log_probs = log_probs.masked_fill(best.log_probs == -torch.inf, -torch.inf)
        tokens = best.columns + offset
        ending, going = sort_out(live.slots[:, group], log_probs, tokens)
        written.scatter_add_(1, best.columns, (ending | going).to(written.dtype))
        rows = (sentence * shape[1] + group) * shape[2] + best.parents
        found.append(_Found(log_probs, tokens, rows, ending, going))
    return _Found(*(torch.cat(parts, 1) for parts in zip(*found, strict=True)))


def _compact(going: Tensor, groups: int) -> tuple[Tensor, Tensor] | None:
    """Drop sentences and columns in which nothing goes on; `going` is `[sentences, groups * k]`.

    Returns the sentences that stay `[stay]` and their candidates in order, those of a group that go
    on first, `[stay, groups * width]`; None when nothing does. Groups are as wide as the widest.
    """
    by_group = going.unflatten(1, (groups, -1))
    counts = by_group.sum(2)
    width = int(counts.max())
    if width == 0:
        return None
    stay = counts.any(1).nonzero().squeeze(1)
    order = (~by_group[stay]).to(torch.uint8).argsort(dim=2, stable=True)[:, :, :width]
    firsts = torch.arange(0, going.size(1), by_group.size(2), device=going.device)
    return stay, (order + firsts[:, None]).flatten(1)


def _next(live: _Live, found: _Found, going: Tensor, stay: Tensor, order: Tensor) -> _Live:
    """The prefixes that `_compact` has chosen."""
    shape = (live.slots.size(1), -1)
    ended = found.ending.unflatten(1, shape).sum(2)
    log_probs = found.log_probs.masked_fill(~going, -torch.inf)
    return _Live(
        live.sentences[stay],
        (live.slots - ended)[stay],
        log_probs[stay].gather(1, order).unflatten(1, shape),
        found.tokens[stay].gather(1, order).unflatten(1, shape),
    )


def _different(several: list[Hypothesis], nbest: int) -> list[Hypothesis]:
    """The first `nbest` that differ from those before them."""
    seen: dict[tuple[int, ...], Hypothesis] = {}
    for hypothesis in several:
        seen.setdefault(tuple(hypothesis.tokens), hypothesis)
    return list(seen.values())[:nbest]
