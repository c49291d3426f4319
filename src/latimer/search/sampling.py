"""Sampling: translations drawn with the probability that the model gives them, or near it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from latimer.search.batch import SearchBatch
from latimer.search.counters import mixed, signed, uniform_numbers
from latimer.search.distinct import sample_distinct
from latimer.search.hypothesis import Hypothesis
from latimer.search.scorer import (
    S,
    Scorer,
    check_normaliser,
    dead_end,
    length_limits,
    permitted,
)
from latimer.search.strategies import Drawing, Sampling
from latimer.search.truncation import truncated
from latimer.text.vocabulary.subwords import BOS, EOS, PAD

BLOCK = 64
"""Tokens whose chances are added up together when one is drawn."""


class Samples(NamedTuple):
    """`k` translations of each sentence of a batch.

    tokens `[batch, k, time]`, EOS included, PAD behind it; lengths, finished (whether EOS was
    written before the limit) and log_probs `[batch, k]`, float64: under the model itself, whatever
    the temperature and the tokens left out.
    """

    tokens: Tensor
    lengths: Tensor
    finished: Tensor
    log_probs: Tensor

    def hypotheses(self) -> list[list[Hypothesis]]:
        """As lists, most probable first; the score is the log-probability."""
        tokens, lengths = self.tokens.tolist(), self.lengths.tolist()
        finished, log_probs = self.finished.tolist(), self.log_probs.tolist()
        found = []
        for rows in zip(tokens, lengths, finished, log_probs, strict=True):
            several = [
                Hypothesis(row[: length - ended], log_prob, log_prob, finished=ended)
                for row, length, ended, log_prob in zip(*rows, strict=True)
            ]
            found.append(sorted(several, key=lambda hypothesis: -hypothesis.log_prob))
        return found


def run(search: Sampling, batch: SearchBatch) -> list[list[Hypothesis]]:
    """See `Strategy.runner`; distinct samples come in the order in which they are drawn."""
    given = batch.scorer, batch.source, batch.lengths, search
    if not search.distinct:
        return sample(*given, max_length=batch.limits, keys=batch.keys()).hypotheses()
    drawn = sample_distinct(*given, max_length=batch.limits, keys=batch.keys())
    return [[replace(found, score=found.log_prob) for found in several] for several in drawn]


def sample(
    scorer: Scorer[S],
    source: Tensor,
    lengths: Tensor,
    search: Drawing,
    *,
    max_length: int | Tensor,
    keys: Tensor | None = None,
    allow_unk: bool = False,
) -> Samples:
    """Draw `search.samples` translations of each sentence, token by token (ancestral sampling).

    `source [batch, time]`, `lengths [batch]`; `max_length` counts EOS and may differ between
    sentences. Scores are divided by the temperature; of the distribution only the `top_k` most
    probable tokens are kept (Fan et al. 2018), or the fewest that hold a share `top_p` of it
    (Holtzman et al. 2020), and the rest is normalised anew.

    What is drawn is a function of the seed, a sentence's entry in `keys [batch]` (int64; by default
    its place) and the number of the sample, so that the rest of the batch changes nothing, and
    more samples leave the first as they are. Raises LatimerError when the model is broken.
    """
    batch, device = len(source), source.device
    limits = length_limits(max_length, batch, device)
    drawn = _Drawn(batch, search.samples, limits)
    if batch == 0:
        return drawn.samples()
    keys = torch.arange(batch, device=device) if keys is None else keys
    number = torch.arange(search.samples, device=device)
    seeded = mixed(keys[:, None] + mixed(signed(search.seed, device)))
    streams = mixed(seeded + number)  # [batch, k]
    state = scorer.start(source, lengths)
    state = state.select(drawn.active.repeat_interleave(search.samples))
    tokens = torch.full((batch * search.samples,), BOS, device=device)
    for length in range(1, int(limits.max()) + 1):
        scores, state = scorer.step(state, tokens)
        uniform = uniform_numbers(streams[drawn.active] + length).flatten()
        tokens, gains = _draw(scores, uniform, drawn.going.flatten(), search, allow_unk)
        stay = drawn.add(tokens, gains, length)
        if not bool(stay.any()):
            break
        if not bool(stay.all()):
            kept = stay.nonzero().squeeze(1)
            rows = (kept[:, None] * search.samples + number).flatten()
            tokens, state = tokens[rows], state.select(rows, kept)
            drawn.keep(kept)
    return drawn.samples()


class _Drawn:
    """What is drawn so far, of all sentences, and which of them are still written.

    active `[sentences]`: sentences of which a sample is still written; going `[sentences, k]`:
    whether each of their samples is.
    """

    def __init__(self, batch: int, samples: int, limits: Tensor) -> None:
        device, size = limits.device, (batch, samples)
        longest = int(limits.max()) if batch else 0
        self._limits = limits
        self._tokens = torch.full((*size, longest), PAD, device=device)
        self._log_probs = torch.zeros(size, dtype=torch.float64, device=device)
        self._lengths = torch.zeros(size, dtype=torch.long, device=device)
        self._finished = torch.zeros(size, dtype=torch.bool, device=device)
        self.active = torch.arange(batch, device=device)
        self.going = torch.ones(size, dtype=torch.bool, device=device)

    def add(self, tokens: Tensor, gains: Tensor, length: int) -> Tensor:
        """Append a token to each sample; which sentences go on, `[sentences]`.

        `tokens` and `gains`, their log-probabilities, are `[sentences · k]`.
        """
        active, going = self.active, self.going
        drawn = tokens.view(going.shape)
        self._tokens[active, :, length - 1] = torch.where(going, drawn, PAD)
        self._log_probs[active] += torch.where(going, gains.view(going.shape), 0.0)
        self._lengths[active] += going
        ended = going & (drawn == EOS)
        self._finished[active] |= ended
        self.going = going & ~ended & (self._limits[active] > length)[:, None]
        return self.going.any(1)

    def keep(self, sentences: Tensor) -> None:
        """Go on with some of the active sentences alone."""
        self.active, self.going = self.active[sentences], self.going[sentences]

    def samples(self) -> Samples:
        """All samples, padded to the longest."""
        longest = int(self._lengths.max()) if len(self._lengths) else 0
        return Samples(self._tokens[:, :, :longest], self._lengths, self._finished, self._log_probs)


def _draw(
    scores: Tensor,
    uniform: Tensor,
    going: Tensor,
    search: Drawing,
    allow_unk: bool,
) -> tuple[Tensor, Tensor]:
    """A token of each row and its log-probability under the model, both `[rows]`."""
    scores = scores.to(torch.promote_types(scores.dtype, torch.float32))
    highest = scores.amax(1, keepdim=True)
    chances = _exponentials(scores, highest, 1.0)
    sums = chances.sum(2)
    normaliser = highest.squeeze(1).double() + sums.double().sum(1).log()
    check_normaliser(normaliser[going])
    if search.temperature != 1.0:
        warmest = permitted(scores, allow_unk).amax(1, keepdim=True)
        chances = _exponentials(scores, warmest, search.temperature)
        sums = chances.sum(2)
    flat = chances.flatten(1)
    flat[:, [PAD, BOS] if allow_unk else slice(0, EOS)] = 0.0
    sums[:, 0] = chances[:, 0].sum(1)  # no other block holds what is never written
    if search.top_k is not None or search.top_p is not None:
        chances = truncated(flat, search.top_k, search.top_p).view(chances.shape)
        sums = chances.sum(2)
    tokens, possible = _chosen(chances, sums.double(), uniform)
    if not bool(possible[going].all()):
        raise dead_end()
    return tokens, scores.gather(1, tokens[:, None]).squeeze(1).double() - normaliser


def _exponentials(scores: Tensor, highest: Tensor, temperature: float) -> Tensor:
    """exp((score - highest) / T) `[rows, blocks, BLOCK]`, with noughts behind the vocabulary.

    In base 2, because PyTorch's exp2 is twice as fast as its exp on x86.
    """
    rows, vocab = scores.shape
    padded = -(-vocab // BLOCK) * BLOCK
    chances = scores.new_empty(rows, padded)
    chances[:, vocab:] = 0.0
    inside = chances[:, :vocab]
    torch.sub(scores, highest, out=inside)
    inside.mul_(1 / (temperature * math.log(2))).exp2_()
    return chances.view(rows, -1, BLOCK)


def _chosen(chances: Tensor, sums: Tensor, uniform: Tensor) -> tuple[Tensor, Tensor]:
    """The token that falls to each number in `uniform [rows]`, and whether any could.

    `sums [rows, blocks]`, float64, are those of `chances [rows, blocks, BLOCK]`. A number, times
    the total, falls to the first token whose cumulative chance is above it: first the block is
    found, then the token in it, so that nothing runs over the whole vocabulary twice.
    """
    cumulative = sums.cumsum(1)
    wanted = uniform[:, None] * cumulative[:, -1:]
    block = torch.searchsorted(cumulative, wanted, right=True).clamp(max=sums.size(1) - 1)
    here = sums.gather(1, block)
    below = cumulative.gather(1, block) - here
    share = ((wanted - below) / here).clamp(0, 1 - 2.0**-53)
    inside = chances.gather(1, block[:, :, None].expand(-1, 1, BLOCK)).squeeze(1).double()
    inner = inside.cumsum(1)
    # As shares, because the sums of a block in single and in double precision may differ.
    column = torch.searchsorted(inner, share * inner[:, -1:], right=True).clamp(max=BLOCK - 1)
    return (block * BLOCK + column).squeeze(1), cumulative[:, -1] > 0
