"""Beam search for translations that hold given phrases.

Lexically constrained decoding with dynamic beam allocation (Post & Vilar 2018), all sentences and
candidates at once (Hu et al. 2019). The beam is divided into banks of prefixes that have written
equally much of their phrases, so that those still without them do not crowd out those that pay for
having them. Only what has written all phrases may end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from latimer.errors import InputError
from latimer.search.batch import SearchBatch
from latimer.search.beam import Candidates, beam_search
from latimer.search.hypothesis import Hypothesis
from latimer.search.phrases import Phrases, Progress
from latimer.search.scorer import Scorer, length_limits
from latimer.search.strategies import Beam
from latimer.search.top import Continuations, best_continuations
from latimer.search.tracked import Tracked, selected
from latimer.text.vocabulary.subwords import EOS


def run(search: Beam, batch: SearchBatch) -> list[list[Hypothesis]]:
    """See `Strategy.runner`; without phrases it is plain beam search."""
    given = batch.scorer, batch.source, batch.lengths, search
    if not any(batch.phrases):
        return beam_search(*given, max_length=batch.limits, keep_attention=batch.keep_attention)
    return constrained_beam_search(
        *given, phrases=batch.phrases, max_length=batch.limits,
        keep_attention=batch.keep_attention,
    )  # fmt: skip


def constrained_beam_search(
    scorer: Scorer[Any],
    source: Tensor,
    lengths: Tensor,
    search: Beam,
    *,
    phrases: Sequence[Sequence[Sequence[int]]],
    max_length: int | Tensor,
    allow_unk: bool = False,
    keep_attention: bool = False,
) -> list[list[Hypothesis]]:
    """As `beam_search`, of which these are the arguments, with `phrases` for each sentence.

    `phrases[i]` are lists of tokens, all of which every hypothesis of sentence i holds, one after
    another within each, as often as they are listed; they may overlap. Without phrases a sentence
    has exactly the hypotheses that `beam_search` finds.

    Raises InputError when the phrases of a sentence, one behind the other, do not fit into
    its `max_length`, and DeadEnd when the scorer makes them impossible.
    """
    if len(phrases) != len(source):
        raise InputError(f"phrases of {len(phrases)} sentences for a batch of {len(source)}")
    if len(source) == 0:
        return []
    tables = Phrases(phrases, source.device)
    limits = length_limits(max_length, len(source), source.device)
    for place in (tables.total + (tables.total > 0) > limits).nonzero().flatten().tolist():
        raise InputError(
            f"sentence {place + 1}: its phrases have {int(tables.total[place])} tokens, which do "
            f"not fit into max_length {int(limits[place])} with the end of sentence"
        )
    return beam_search(
        _Following(scorer, tables), source, lengths, search, max_length=limits,
        allow_unk=allow_unk, keep_attention=keep_attention, pick=_Allocation(tables, limits),
    )  # fmt: skip


class _Followed(NamedTuple):
    """How far each row is with its phrases, and its sentence's place in the batch, `[rows]`."""

    node: Tensor
    counts: Tensor
    sentences: Tensor

    @property
    def progress(self) -> Progress:
        return Progress(self.node, self.counts)


class _Following:
    """A scorer, unchanged, that follows what is written of the phrases."""

    def __init__(self, scorer: Scorer[Any], tables: Phrases) -> None:
        self.scorer, self.tables = scorer, tables

    def start(self, source: Tensor, lengths: Tensor) -> Tracked[_Followed]:
        places = torch.arange(len(source), device=source.device)
        inner = self.scorer.start(source, lengths)
        return Tracked(inner, _Followed(*self.tables.start(len(source)), places))

    def step(self, state: Tracked[_Followed], tokens: Tensor) -> tuple[Tensor, Tracked[_Followed]]:
        sentences = state.rows.sentences
        progress = self.tables.read(state.rows.progress, tokens, sentences)
        scores, inner = self.scorer.step(state.inner, tokens)
        return scores, Tracked(inner, _Followed(*progress, sentences))


@dataclass(frozen=True)
class _Allocation:
    """Chooses which prefixes go on; see `beam.Pick`."""

    tables: Phrases
    limits: Tensor  # [batch]

    def __call__(self, tracked: Tracked[_Followed], live: Candidates) -> Continuations:
        state = tracked.rows
        width, columns = live.log_probs.shape[1], live.scores.shape[1]
        done = (
            self.tables.met(state.progress, state.sentences) == self.tables.total[state.sentences]
        )
        scores = live.scores
        if not bool(done.all()):
            scores = scores.clone()
            scores[~done, EOS - live.first] = -torch.inf
        places = torch.cat(
            [_best(live, scores), _best_of_each(scores, width), self._next(state, live)], 1
        ).sort(1).values  # fmt: skip
        parents = torch.div(places, columns, rounding_mode="floor").clamp(min=0)
        rows = torch.arange(len(places), device=places.device)[:, None] * width + parents
        offsets = live.log_probs - live.normalisers.view_as(live.log_probs)
        values = scores[rows, places % columns].double() + offsets.gather(1, parents)
        twice = torch.zeros_like(places, dtype=torch.bool)
        twice[:, 1:] = places[:, 1:] == places[:, :-1]
        dead = live.log_probs.gather(1, parents) == -torch.inf
        values = values.masked_fill((places < 0) | twice | dead, -torch.inf)
        total = self.tables.total[live.sentences]
        met = self._met(state, rows, places % columns + live.first)
        last = self.limits[live.sentences] == live.length
        values = values.masked_fill(last[:, None] & (met < total[:, None]), -torch.inf)
        chosen = allocate(values, met, total, live.slots)
        values, order = values.masked_fill(~chosen, -torch.inf).sort(
            dim=1, descending=True, stable=True
        )
        order = order[:, : int(live.slots.max())]
        return Continuations(
            values[:, : order.shape[1]],
            parents.gather(1, order),
            (places % columns).gather(1, order),
        )

    def _next(self, state: _Followed, live: Candidates) -> Tensor:
        """Places `[sentences, width · letters]` of tokens with which phrases go on; else −1."""
        sentences, width = live.log_probs.shape
        letters = self.tables.letters[state.sentences]  # [rows, letters]
        rows = torch.arange(len(letters), device=letters.device)[:, None].expand_as(letters)
        further = self._met(state, rows, letters) > self._met(state, rows[:, :1], None)
        place = (rows % width) * live.scores.shape[1] + letters - live.first
        return torch.where(further & (letters >= 0), place, -1).view(sentences, -1)

    def _met(self, state: _Followed, rows: Tensor, tokens: Tensor | None) -> Tensor:
        """What is met, `[a, b]`, when the prefixes `rows [a, b]` of the state read `tokens`."""
        flat = rows.flatten()
        progress = selected(state.progress, flat)
        if tokens is not None:
            progress = self.tables.read(progress, tokens.flatten(), state.sentences[flat])
        return self.tables.met(progress, state.sentences[flat]).view(rows.shape)


def _best(live: Candidates, scores: Tensor) -> Tensor:
    """Places of the best candidates of each sentence, as many as it has slots; else −1."""
    best = best_continuations(live.log_probs, scores, live.normalisers, int(live.slots.max()))
    ranks = torch.arange(best.parents.shape[1], device=scores.device)
    places = best.parents * scores.shape[1] + best.columns
    return torch.where(ranks < live.slots[:, None], places, -1)


def _best_of_each(scores: Tensor, width: int) -> Tensor:
    """Places `[sentences, width]` of the best candidate of each prefix."""
    best = scores.argmax(1).view(-1, width)
    return best + scores.shape[1] * torch.arange(width, device=scores.device)


def allocate(values: Tensor, met: Tensor, total: Tensor, slots: Tensor) -> Tensor:
    """A mask of the candidates that get a slot, `[sentences, candidates]`.

    `values` are log-probabilities, −∞ for what is no candidate, and `met` tokens of phrases; `total
    [sentences]` tokens of all its phrases, `slots [sentences]`. A sentence has `total + 1` banks,
    one for each value of `met`, with equal shares of the slots; what is left over in dividing is
    the last one's. The best of a bank get its share; shares that are not used go to the highest
    banks, so that someone always goes on with the phrases, however narrow the beam.
    """
    possible = values > -torch.inf
    banks = torch.where(possible, met, -1)
    order = values.argsort(dim=1, descending=True, stable=True)
    order = order.gather(1, banks.gather(1, order).argsort(dim=1, descending=True, stable=True))
    banks, possible = banks.gather(1, order), possible.gather(1, order)
    sizes = torch.zeros(len(values), int(total.max()) + 2, dtype=torch.long, device=values.device)
    sizes.scatter_add_(1, banks + 1, torch.ones_like(banks))
    higher = sizes.flip(1).cumsum(1).flip(1) - sizes
    ranks = torch.arange(values.shape[1], device=values.device) - higher.gather(1, banks + 1)
    share = torch.div(slots, total + 1, rounding_mode="floor")
    last = slots - share * total
    shares = torch.where(banks == total[:, None], last[:, None], share[:, None])
    chosen = possible & (ranks < shares)
    over = possible & ~chosen
    chosen |= over & (over.cumsum(1) <= (slots - chosen.sum(1))[:, None])
    return torch.zeros_like(chosen).scatter_(1, order, chosen)
