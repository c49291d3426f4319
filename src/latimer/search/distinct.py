"""Sampling without replacement: translations of which no two are the same.

Stochastic beam search (Kool et al. 2019, algorithm 1). Gumbel noise on the log-probability of
every sequence, and the k largest sums, are k draws without replacement, in order. They are found
without listing the sequences: the largest sum below a prefix is itself the prefix's
log-probability with Gumbel noise, so noise is drawn from the root down, for the children of the k
best prefixes alone.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from latimer.search.counters import mixed, signed, uniform_numbers
from latimer.search.hypothesis import Hypothesis
from latimer.search.scorer import S, Scorer, check_normaliser, dead_end, length_limits
from latimer.search.strategies import Sampling
from latimer.search.top import log_sum_exp
from latimer.search.truncation import truncated
from latimer.text.vocabulary.subwords import BOS, EOS, PAD


class _Beam(NamedTuple):
    """k prefixes of each sentence, all `[sentences, k]`; tokens `[sentences, k, time]`."""

    tokens: Tensor
    lengths: Tensor
    open: Tensor  # still being written
    finished: Tensor  # EOS is written
    log_probs: Tensor  # under the model
    chosen_from: Tensor  # log-probability under what is drawn from: after temperature, top-k, …
    perturbed: Tensor  # the latter with Gumbel noise; −∞ where there are fewer than k
    streams: Tensor  # random numbers of the prefix, int64

    def rows(self, parents: Tensor) -> _Beam:
        """The prefixes `parents [sentences, k]`, in their new order."""
        sentence = torch.arange(len(parents), device=parents.device)[:, None]
        return _Beam(*(part[sentence, parents] for part in self))

    def sentences(self, some: Tensor) -> _Beam:
        return _Beam(*(part[some] for part in self))


def sample_distinct(
    scorer: Scorer[S],
    source: Tensor,
    lengths: Tensor,
    search: Sampling,
    *,
    max_length: int | Tensor,
    keys: Tensor | None = None,
    allow_unk: bool = False,
) -> list[list[Hypothesis]]:
    """Draw `search.samples` different sequences of tokens for each sentence, without replacement.

    The arguments are those of `sample`, and so is the distribution of the first sequence; the
    second has the same distribution without the first, and so on. Fewer are returned where there
    are fewer. They are in the order in which they are drawn, which is that of `score`: the
    log-probability with Gumbel noise (its largest shifted to 0). `log_prob` is the model's own.

    The noise is a function of the seed, a sentence's entry in `keys`, and the prefix, so that the
    rest of the batch changes nothing, and more samples leave the first as they are. Raises
    LatimerError when the model is broken.
    """
    samples = search.samples
    batch, device = len(source), source.device
    if batch == 0:
        return []
    limits = length_limits(max_length, batch, device)
    keys = torch.arange(batch, device=device) if keys is None else keys
    beam = _start(mixed(keys + mixed(signed(search.seed, device))), samples, int(limits.max()))
    result = _Beam(*(part.clone() for part in beam))
    active = torch.arange(batch, device=device)
    state = scorer.start(source, lengths)
    state = state.select(active.repeat_interleave(samples))
    tokens = torch.full((batch * samples,), BOS, device=device)
    for length in range(1, int(limits.max()) + 1):
        scores, state = scorer.step(state, tokens)
        check_normaliser(log_sum_exp(scores)[beam.open.flatten()])
        chances = log_chances(scores, search, allow_unk)
        beam, parents = _grow(beam, scores.double().log_softmax(1), chances, length)
        beam = beam._replace(open=beam.open & (limits[active] > length)[:, None])
        stay = beam.open.any(1)
        ended = (~stay).nonzero().squeeze(1)
        for whole, part in zip(result, beam, strict=True):
            whole[active[ended]] = part[ended]
        kept = stay.nonzero().squeeze(1)
        if len(kept) == 0:
            break
        rows = torch.arange(len(parents), device=device)[:, None] * samples + parents
        state = state.select(rows[kept].flatten(), None if len(kept) == len(stay) else kept)
        active, beam = active[kept], beam.sentences(kept)
        tokens = beam.tokens[:, :, length - 1].flatten()
    return _hypotheses(result)


def _start(streams: Tensor, samples: int, longest: int) -> _Beam:
    """The empty prefix, whose noise is 0, and nothing beside it."""
    size = (len(streams), samples)
    whole = streams.new_zeros(size)
    real = torch.zeros(size, dtype=torch.float64, device=streams.device)
    first = torch.arange(samples, device=streams.device).expand(size) == 0
    return _Beam(
        whole.new_full((*size, longest), PAD), whole, first, torch.zeros_like(first), real, real,
        real.masked_fill(~first, -torch.inf), streams[:, None].expand(size),
    )  # fmt: skip


def log_chances(scores: Tensor, search: Sampling, allow_unk: bool) -> Tensor:
    """Logarithms, float64, of the chances with which `sample` draws, for `scores [rows, vocab]`.

    −∞ all over in a row where nothing may be drawn.
    """
    logs = scores.double() / search.temperature
    logs[:, [PAD, BOS] if allow_unk else slice(0, EOS)] = -torch.inf
    chances = logs.softmax(1).nan_to_num(0.0)
    if search.top_k is not None or search.top_p is not None:
        chances = truncated(chances, search.top_k, search.top_p)
    return (
        (chances / chances.sum(1, keepdim=True)).log().nan_to_num(nan=-torch.inf, neginf=-torch.inf)
    )


def _grow(beam: _Beam, logs: Tensor, chances: Tensor, length: int) -> tuple[_Beam, Tensor]:
    """The k best children, and whose they are `[sentences, k]`; what is not open is its own child.

    `logs` and `chances` are `[sentences · k, vocab]`, of the model and of what is drawn from.
    """
    size, vocab = beam.open.shape, logs.shape[1]
    logs, chances = logs.view(*size, vocab), chances.view(*size, vocab)
    tokens = torch.arange(vocab, device=logs.device)
    counters = beam.streams[:, :, None] + tokens
    children = beam.chosen_from[:, :, None] + chances
    perturbed = conditioned(children + _gumbel(counters), beam.perturbed[:, :, None])
    perturbed = perturbed.masked_fill(~beam.open[:, :, None], -torch.inf)
    perturbed[:, :, PAD] = torch.where(beam.open, -torch.inf, beam.perturbed)
    values, places = perturbed.flatten(1).topk(size[1], dim=1)
    parents = torch.div(places, vocab, rounding_mode="floor")
    written = places - parents * vocab
    old = beam.rows(parents)
    grown = old.open & (values > -torch.inf)
    gains = [part.flatten(1).gather(1, places) for part in (logs, chances)]
    old.tokens[:, :, length - 1] = torch.where(grown, written, PAD)
    return _Beam(
        old.tokens,
        old.lengths + grown,
        grown & (written != EOS),
        old.finished | (grown & (written == EOS)),
        old.log_probs + gains[0].where(grown, 0.0),
        old.chosen_from + gains[1].where(grown, 0.0),
        values,
        mixed(mixed(counters.flatten(1).gather(1, places)) + 1),
    ), parents


def _gumbel(counters: Tensor) -> Tensor:
    """−log(−log u) for a random number of every counter, the greater than 0."""
    return -(-uniform_numbers(counters).clamp_(min=2.0**-54).log_()).log_()


def conditioned(perturbed: Tensor, largest: Tensor) -> Tensor:
    """Gumbels `[…, n]` given that the largest of them is `largest […, 1]`.

    −log(exp(−largest) − exp(−max) + exp(−perturbed)), computed as in appendix B.3 of the paper.
    """
    gap = perturbed - perturbed.amax(-1, keepdim=True)
    near = gap > -0.6931
    rest = torch.where(near, (-torch.expm1(gap)).log(), torch.log1p(-gap.exp()))
    v = largest - perturbed + rest
    return largest - v.clamp(min=0) - torch.log1p((-v.abs()).exp())


def _hypotheses(beam: _Beam) -> list[list[Hypothesis]]:
    parts = (beam.tokens, beam.lengths, beam.finished, beam.log_probs, beam.perturbed)
    found = []
    for place, rows in enumerate(zip(*(part.tolist() for part in parts), strict=True)):
        several = [
            Hypothesis(tokens[: length - ended], log_prob, score, finished=ended)
            for tokens, length, ended, log_prob, score in zip(*rows, strict=True)
            if score > -torch.inf
        ]
        if not several:
            raise dead_end(place)
        found.append(several)
    return found
