"""Diverse beam search: groups of prefixes that avoid each other's words.

The beam is split into groups of equal width (Vijayakumar et al. 2018, algorithm 1). At every step
the groups extend their prefixes one after another, each like a beam of its own, but a token's
log-probability is lowered by λ for every time an earlier group has written that token at this
step (Hamming diversity, section 3.2 there). The penalty chooses what is kept at this step alone:
log-probabilities and scores stay those of the model. EOS is a token like others.

Groups may find the same hypothesis; it counts once. One group is beam search.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from latimer.search.batch import SearchBatch
from latimer.search.coverage import Coverage
from latimer.search.hypothesis import Hypothesis
from latimer.search.loop import Ending, Found, Kept, search_loop, sort_out
from latimer.search.normalise import normaliser
from latimer.search.scorer import S, Scorer, check_normaliser, length_limits, permitted
from latimer.search.stopping import STOPS
from latimer.search.strategies import DiverseBeam
from latimer.search.top import best_continuations, log_sum_exp
from latimer.text.vocabulary.subwords import BOS


def run(search: DiverseBeam, batch: SearchBatch) -> list[list[Hypothesis]]:
    """See `Strategy.runner`."""
    return diverse_beam_search(
        batch.scorer, batch.source, batch.lengths, search, max_length=batch.limits,
        keep_attention=batch.keep_attention,
    )  # fmt: skip


def diverse_beam_search(
    scorer: Scorer[S],
    source: Tensor,
    lengths: Tensor,
    search: DiverseBeam,
    *,
    max_length: int | Tensor,
    allow_unk: bool = False,
    keep_attention: bool = False,
) -> list[list[Hypothesis]]:
    """At most `search.nbest` different hypotheses for each sentence, best score first.

    The arguments are those of `beam_search`; the width is that of all groups together. Whether a
    prefix could still enter the nbest is asked of the sentence, not of a group, whose end would
    change what later groups avoid: as a hypothesis may be found once by every group, a sentence
    ends early when none can overtake the `nbest · groups`-th best.

    Raises LatimerError when the model is broken.
    """
    batch, device = len(source), source.device
    if batch == 0:
        return []
    groups = search.width if search.groups is None else search.groups
    limits = length_limits(max_length, batch, device)
    ending = Ending(
        min(search.nbest * groups, search.width), normaliser(search.normalisation, search.alpha),
        STOPS[search.stop], search.coverage_penalty,
    )  # fmt: skip
    prefixes = _Groups(batch, groups, search.width // groups, search.diversity, allow_unk, device)
    coverage = Coverage(ending.coverage, lengths, source.size(1))
    rows = prefixes.sentences.repeat_interleave(groups)
    coverage.select(rows)
    found = search_loop(
        prefixes, scorer, scorer.start(source, lengths).select(rows), coverage, limits, ending,
        keep_attention=keep_attention, lengths=lengths,
    )  # fmt: skip
    return [_different(several, search.nbest) for several in found]


class _Groups:
    """The prefixes still being written, `width` rows for each group of each sentence."""

    def __init__(
        self, batch: int, groups: int, width: int, diversity: float, allow_unk: bool,
        device: torch.device,
    ) -> None:  # fmt: skip
        self.sentences = torch.arange(batch, device=device)
        # [sentences, groups]: the width less the hypotheses finished
        self._slots = torch.full((batch, groups), width, device=device)
        # [sentences, groups, width], float64; −∞ fills up the width
        self._log_probs = torch.zeros(batch, groups, 1, dtype=torch.float64, device=device)
        self._tokens = torch.full((batch, groups, 1), BOS, device=device)
        self._diversity, self._allow_unk = diversity, allow_unk

    @property
    def tokens(self) -> Tensor:
        """See `Frontier`."""
        return self._tokens.flatten()

    def extend(self, state: Any, scores: Tensor, length: int) -> Found:
        """The best candidates of every group, given those of the groups before it."""
        shape = self._log_probs.shape
        normalisers = log_sum_exp(scores)
        check_normaliser(normalisers, self._log_probs)
        allowed = permitted(scores, self._allow_unk)
        first = scores.size(1) - allowed.size(1)
        allowed, normalisers = allowed.unflatten(0, shape), normalisers.view(shape)
        sentence = torch.arange(shape[0], device=scores.device)[:, None]
        written = allowed.new_zeros(shape[0], allowed.size(3))  # how often, by earlier groups
        found = []
        for group in range(shape[1]):
            before, plain = self._log_probs[:, group], allowed[:, group]
            avoids = group and self._diversity
            lowered = plain - self._diversity * written[:, None] if avoids else plain
            best = best_continuations(
                before, lowered.flatten(0, 1), normalisers[:, group].flatten(),
                int(self._slots.max()),
            )  # fmt: skip
            gains = plain[sentence, best.parents, best.columns].double()
            log_probs = gains + (before - normalisers[:, group]).gather(1, best.parents)
            log_probs = log_probs.masked_fill(best.log_probs == -torch.inf, -torch.inf)
            tokens = best.columns + first
            ending, going = sort_out(self._slots[:, group], log_probs, tokens)
            written.scatter_add_(1, best.columns, (ending | going).to(written.dtype))
            rows = (sentence * shape[1] + group) * shape[2] + best.parents
            found.append(Found(log_probs, tokens, rows, ending, going))
        return Found(*(torch.cat(parts, 1) for parts in zip(*found, strict=True)))

    def advance(self, found: Found, going: Tensor) -> Kept | None:
        """See `Frontier`; groups are as wide as the widest."""
        shape = (self._slots.size(1), -1)
        by_group = going.unflatten(1, shape)
        counts = by_group.sum(2)
        width = int(counts.max())
        if width == 0:
            return None
        stay = counts.any(1).nonzero().squeeze(1)
        order = (~by_group[stay]).to(torch.uint8).argsort(dim=2, stable=True)[:, :, :width]
        firsts = torch.arange(0, going.size(1), by_group.size(2), device=going.device)
        order = (order + firsts[:, None]).flatten(1)
        log_probs = found.log_probs.masked_fill(~going, -torch.inf)
        self.sentences = self.sentences[stay]
        self._slots = (self._slots - found.ending.unflatten(1, shape).sum(2))[stay]
        self._log_probs = log_probs[stay].gather(1, order).unflatten(1, shape)
        self._tokens = found.tokens[stay].gather(1, order).unflatten(1, shape)
        places = (stay[:, None] * going.size(1) + order).flatten()
        rows = found.rows[stay].gather(1, order).flatten()
        return Kept(places, rows, None if len(stay) == len(going) else stay)


def _different(several: list[Hypothesis], nbest: int) -> list[Hypothesis]:
    """The first `nbest` that differ from those before them."""
    seen: dict[tuple[int, ...], Hypothesis] = {}
    for hypothesis in several:
        seen.setdefault(tuple(hypothesis.tokens), hypothesis)
    return list(seen.values())[:nbest]
