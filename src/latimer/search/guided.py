"""A translator guided by a critic: search by log-probability and by value (He et al. 2017)."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from latimer.errors import InputError
from latimer.search.combined import CombinedState
from latimer.search.scorer import Scorer

MAX_WEIGHT = 1000.0


class Guided:
    """π'(a | s) = π(a | s) e^{λ q(s, a)} / Z(s), with Z(s) = Σ_a π(a | s) e^{λ q(s, a)}.

    q(s, a) is what a critic expects of going on with token a, in points of its reward. A hypothesis
    has the score Σ_t log π'(a_t | s_t) = log P(y | x) + λ v(y), where

        v(y) = Σ_t q(s_t, a_t) − V(s_t),   V(s) = log Z(s) / λ.

    He et al. 2017 (section 3.3) weigh log P against the value of the prefix, its expected score.
    Our critics value what is still to come, since a reward is what a token *adds* to the score, and
    who reads the source alone is not told what a prefix is worth. But what comes is worth V(s)
    before a token and q(s, a) with it, and these differences telescope. V is never below the mean
    of q under π, and that mean for a small λ; π' is the policy of the highest
    Σ π' q − KL(π' ‖ π)/λ, and V(s) how high. With the exact values of that task, where
    q(s, a) = r + V(s'), v(y) is the score of the translation less V(s_1), a constant of the
    sentence: the best hypothesis is that of log P(y | x) + λ score(y).

    As π' is a distribution, log-probabilities still only fall, so that length normalisation, the
    bounds that end a search, the proofs of exact search and sampling are what they were. He et al.
    divide log P by the length and not the value. Here normalisation divides both; that favours no
    length, because v is 0 where nothing is better than expected.
    """

    def __init__(self, translator: Scorer[Any], critic: Scorer[Any], weight: float) -> None:
        """`critic` steps give q(s, a) `[rows, vocab]`; `weight` is λ, nats for a point of reward.

        Raises InputError for a weight below 0.
        """
        if not 0 <= weight <= MAX_WEIGHT:
            raise InputError(
                f"the weight of the critic: 0 to {MAX_WEIGHT:g} expected, not {weight}"
            )
        self.translator, self.critic, self.weight = translator, critic, weight

    def start(self, source: Tensor, lengths: Tensor) -> CombinedState:
        """See `Scorer`."""
        members = (self.translator, self.critic)
        return CombinedState(tuple(member.start(source, lengths) for member in members))

    def step(self, state: CombinedState, tokens: Tensor) -> tuple[Tensor, CombinedState]:
        """See `Scorer`. The attention is the translator's."""
        before, critics = state.states
        scores, translators = self.translator.step(before, tokens)
        if self.weight:
            values, critics = self.critic.step(critics, tokens)
            if values.shape != scores.shape:
                raise InputError(
                    f"a critic of {values.shape[1]} tokens for a translator of {scores.shape[1]}"
                )
            scores = scores + self.weight * values  # log Z is a constant of the row
        return scores, CombinedState((translators, critics), translators.attention)
