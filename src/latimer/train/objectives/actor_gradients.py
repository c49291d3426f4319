"""Gradients of an actor from the values of a critic.

`every_token` uses the values of all tokens, and inherits the critic's bias on tokens that were not
sampled; the others are unbiased, because they use the returns of sampled tokens.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from latimer.nn.output import Features, Output
from latimer.nn.rl.critic import Values
from latimer.nn.rl.policy import Peaks, expected_values, policy_gradient


@dataclass(frozen=True)
class Seen:
    """Inputs of an actor's gradient, packed, `[tokens]` unless another shape is given.

    features: inputs of the actor's output layer, with gradients; actions: tokens taken; returns:
    their returns; said: the critic's values; baseline: gives the state values Σ_a π' q' of the
    target networks; times: how often each distinct trajectory was sampled; weighed: turns
    advantages into weights, `times` included, less the mean of the sentence's other translations
    (`less_others`).
    """

    features: Features
    output: Output
    actions: Tensor
    returns: Tensor
    said: Values
    baseline: Callable[[], Tensor]
    times: Tensor
    weighed: Callable[[Tensor], Tensor]
    first: int
    temperature: float

    def worth(self, tokens: slice) -> Tensor:
        """Q of all actions from `first` on, times `times`, `[tokens, actions]`."""
        values = self.said.compared(tokens, self.first)
        return values.mul_(self.times[tokens, None])


class ActorLoss(NamedTuple):
    """loss `[]`, a sum over tokens, with gradients; figures of the policy without gradients.

    log_probs `[tokens]` are those of the actions taken.
    """

    loss: Tensor
    log_probs: Tensor
    peaks: Peaks


def every_token(seen: Seen) -> ActorLoss:
    """−Σ_t Σ_a π(a) q(a) (Bahdanau et al. 2017, equation 4)."""
    return _expected(seen, torch.zeros_like(seen.returns))


def corrected(seen: Seen) -> ActorLoss:
    """`every_token` − Σ_t log π(a_t) (G_t − q(a_t)), where G_t is the return.

    Unbiased for any q, with a variance that falls as q improves (Gu et al. 2017, Q-Prop,
    equation 8).
    """
    return _expected(seen, seen.weighed(seen.returns - seen.said.taken(seen.actions).detach()))


def _expected(seen: Seen, missed: Tensor) -> ActorLoss:
    expected = expected_values(
        seen.features, seen.output, seen.worth,
        first=seen.first, temperature=seen.temperature, taken=(seen.actions, missed),
    )  # fmt: skip
    return ActorLoss(-expected.total, expected.log_probs, expected.peaks)


def drawn_token(seen: Seen) -> ActorLoss:
    """−Σ_t log π(a_t) A_t, where the advantage A_t is the return minus the value of the state.

    REINFORCE with the critic as baseline (Sutton & Barto 2018, section 13.4): unbiased for any
    critic, with a variance that falls as the critic improves. The mean of the sentence's other
    translations is subtracted as well.
    """
    surrogate = policy_gradient(
        seen.features, seen.output, seen.actions, seen.weighed(seen.returns - seen.baseline()),
        first=seen.first, temperature=seen.temperature,
    )  # fmt: skip
    return ActorLoss(*surrogate)


ACTOR_GRADIENTS: dict[str, Callable[[Seen], ActorLoss]] = {
    "all": every_token,
    "corrected": corrected,
    "drawn": drawn_token,
}
"""By name; the paper's is `all`."""

OWN_DRAWS = ("corrected", "drawn")
"""Gradients that are unbiased only for trajectories sampled from the actor itself."""
