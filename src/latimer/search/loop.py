"""The loop that beam searches share.

At every step each sentence extends its live prefixes and keeps the best. A hypothesis that writes
EOS leaves the beam and takes its slot with it (Sutskever et al. 2014, section 3.2), so that a beam
of 1 is greedy search and a sentence ends at the latest when as many hypotheses are finished as the
beam is wide. Rows of finished sentences leave the batch.

Prefixes are ranked by log P alone, finished hypotheses by their scores: prefixes of a step are all
equally long, and what they have not read of the source yet they may still read (Wu et al. 2016,
section 7, too, apply equation 14 only to hypotheses that have ended).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from latimer.search.coverage import Coverage
from latimer.search.finished import Ended
from latimer.search.history import History
from latimer.search.hypothesis import Hypothesis
from latimer.search.normalise import Normaliser
from latimer.search.scorer import S, Scorer
from latimer.search.stopping import Stop
from latimer.text.vocabulary.subwords import EOS


class Found(NamedTuple):
    """The candidates of a step, all `[sentences, k]`.

    log_probs: float64, −∞ for what is no candidate; tokens: their last; rows: the rows of the
    scorer's state that they extend; ending: whether they write EOS; going: whether they go on.
    """

    log_probs: Tensor
    tokens: Tensor
    rows: Tensor
    ending: Tensor
    going: Tensor


class Kept(NamedTuple):
    """The candidates that are the prefixes of the next step.

    places: in the flattened candidates, None for all of them; rows: of the state that they extend;
    sentences: the present sentences that stay, None for all of them.
    """

    places: Tensor | None
    rows: Tensor
    sentences: Tensor | None


class Frontier(Protocol):
    """The prefixes that are still written: how they are extended, and which candidates go on."""

    @property
    def sentences(self) -> Tensor:
        """`[sentences]`: places in the batch of the sentences that are still written."""

    @property
    def tokens(self) -> Tensor:
        """`[rows]`: the last token of each prefix."""

    def extend(self, state: Any, scores: Tensor, length: int) -> Found:
        """The candidates, given the state and the scores `[rows, vocab]` of their last tokens."""

    def advance(self, found: Found, going: Tensor) -> Kept | None:
        """Go on with the candidates of the mask `going [sentences, k]`; None if there are none."""


@dataclass(frozen=True)
class Ending:
    """How hypotheses end and are ranked.

    nbest: the best hypotheses of each sentence that are kept; scoring: the length normalisation;
    stop: when a sentence ends; coverage: the penalty's weight β.
    """

    nbest: int
    scoring: Normaliser
    stop: Stop
    coverage: float


def search_loop(
    frontier: Frontier,
    scorer: Scorer[S],
    state: S,
    coverage: Coverage,
    limits: Tensor,
    ending: Ending,
    *,
    keep_attention: bool,
    lengths: Tensor,
) -> list[list[Hypothesis]]:
    """The best hypotheses of each sentence, best first.

    `state` is that before the first token, a row a prefix of `frontier`; `limits [batch]` are the
    most tokens, EOS counted, and `lengths [batch]` those of the source. A prefix that reaches its
    limit counts, with `finished=False`, only where a sentence has no finished hypothesis at all.
    Raises LatimerError when the model is broken.
    """
    history, ended = History(), Ended(len(limits), ending.nbest, limits.device)
    for length in range(1, int(limits.max()) + 1):
        scores, state = scorer.step(state, frontier.tokens)
        coverage.add(state.attention)
        found = frontier.extend(state, scores, length)
        weights = state.attention if keep_attention else None
        history.add(found.tokens.flatten(), found.rows.flatten(), weights)
        longest = limits[frontier.sentences][:, None]
        going = found.going
        cut = going & (longest == length)
        if bool((found.ending | cut).any()):
            finals = ending.scoring.score(found.log_probs, limits.new_tensor(length))
            finals = finals + coverage.of(found.rows)
            ended.add(frontier.sentences, found.ending, cut, length, found.log_probs, finals)
            going = going & ~cut
        if ended:  # until then there is nothing to beat
            writing = found.log_probs.masked_fill(~going, -torch.inf)
            to_beat = ended.to_beat(frontier.sentences)
            open_ = ending.stop(ending.scoring, writing, length, longest, to_beat)
            going = going & open_[:, None]
        kept = frontier.advance(found, going)
        if kept is None:
            break
        history.keep(kept.places)
        state = state.select(kept.rows, kept.sentences)
        coverage.select(kept.rows)
    return ended.hypotheses(history, lengths)


def sort_out(slots: Tensor, log_probs: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
    """Which candidates `[sentences, k]`, best first, end, and which go on; the rest is given up.

    `slots [sentences]` says how many a sentence has room for.
    """
    ranks = torch.arange(tokens.size(1), device=tokens.device)
    possible = (ranks < slots[:, None]) & (log_probs > -torch.inf)
    ends = tokens == EOS
    return possible & ends, possible & ~ends
