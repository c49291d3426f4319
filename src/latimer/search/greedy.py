"""Greedy search: the most probable token at every step."""

from __future__ import annotations

import torch
from torch import Tensor

from latimer.search.hypothesis import Hypothesis
from latimer.search.scorer import (
    S,
    Scorer,
    check_normaliser,
    dead_end,
    length_limits,
    permitted,
)
from latimer.search.top import first_highest, log_sum_exp
from latimer.text.vocabulary.subwords import BOS, EOS


def greedy_search(
    scorer: Scorer[S],
    source: Tensor,
    lengths: Tensor,
    *,
    max_length: int | Tensor,
    allow_unk: bool = False,
) -> list[Hypothesis]:
    """Write the most probable token until EOS; of equals, the one with the lowest id.

    `source` is `[batch, time]`, `lengths` `[batch]`; `max_length` counts EOS and may differ
    between sentences, `[batch]`. A hypothesis that reaches it is returned with `finished=False`.
    The score is the log-probability itself. Raises LatimerError when the model is broken.
    """
    batch, device = len(source), source.device
    if batch == 0:
        return []
    limits = length_limits(max_length, batch, device)
    written: list[Tensor] = []  # one [batch] a step
    log_probs = torch.zeros(batch, dtype=torch.float64, device=device)
    active = torch.arange(batch, device=device)  # sentences still being written, one a row
    state = scorer.start(source, lengths)
    tokens = torch.full((batch,), BOS, device=device)
    for length in range(1, int(limits.max()) + 1):
        scores, state = scorer.step(state, tokens)
        tokens, gains = _best_tokens(scores, allow_unk)
        written.append(torch.full((batch,), EOS, device=device))
        written[-1][active] = tokens
        log_probs[active] += gains
        going = (tokens != EOS) & (limits[active] > length)
        if not bool(going.all()):
            rows = going.nonzero().squeeze(1)
            if len(rows) == 0:
                break
            active, tokens = active[rows], tokens[rows]
            state = state.select(rows, rows)
    return _hypotheses(torch.stack(written, 1).tolist(), log_probs.tolist(), limits.tolist())


def _best_tokens(scores: Tensor, allow_unk: bool) -> tuple[Tensor, Tensor]:
    """The best token of each row, `[rows]`, and its log-probability, `[rows]`."""
    normaliser = log_sum_exp(scores)
    check_normaliser(normaliser)
    allowed = permitted(scores, allow_unk)
    columns = first_highest(allowed)
    gains = allowed.gather(1, columns[:, None]).squeeze(1).double() - normaliser
    if bool(gains.isneginf().any()):
        raise dead_end()
    return columns + (scores.size(1) - allowed.size(1)), gains


def _hypotheses(
    written: list[list[int]], log_probs: list[float], limits: list[int]
) -> list[Hypothesis]:
    """Cut each row at its EOS or its limit."""
    found = []
    for row, log_prob, limit in zip(written, log_probs, limits, strict=True):
        tokens = row[:limit]
        finished = EOS in tokens
        if finished:
            tokens = tokens[: tokens.index(EOS)]
        found.append(Hypothesis(tokens, log_prob, log_prob, finished=finished))
    return found
