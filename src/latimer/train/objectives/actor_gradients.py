"""What an actor does with a critic: which tokens it weighs, and by what.

One has a gradient for every token of the vocabulary, and is as wrong as the critic is about tokens
that nobody drew; the others judge by what was drawn.
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
    """What there is to learn from, packed, `[tokens]` if nothing else is said.

    features, the actor's, with gradients, are what its output layer reads;
    actions those taken, returns what followed; said the critic's values; baseline gives what the
    delayed critic thinks of the states, Σ_a π' q'. Where what was drawn several times stands once,
    times says how often; weighed makes weights of what the actions gained, times included, less
    what the sentence's other translations gained (`less_others`).
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
        """Q of all actions from `first` on, as often as they were drawn, `[tokens, actions]`."""
        values = self.said.compared(tokens, self.first)
        return values.mul_(self.times[tokens, None])


class ActorLoss(NamedTuple):
    """loss `[]`, a sum over tokens, with gradients, and what is told of the policy, without.

    log_probs `[tokens]` are those of the actions taken.
    """

    loss: Tensor
    log_probs: Tensor
    peaks: Peaks


def every_token(seen: Seen) -> ActorLoss:
    """−Σ_t Σ_a π(a) q(a) (Bahdanau et al. 2017, equation 4)."""
    return _expected(seen, torch.zeros_like(seen.returns))


def corrected(seen: Seen) -> ActorLoss:
    """`every_token`, and −Σ_t log π(a_t) times what q missed of the return.

    Right in the mean whatever q is, and the quieter the better q is (Gu et al. 2017, Q-Prop,
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
    """−Σ_t log π(a_t) A_t, where A_t is what followed less what the critic thought of the state.

    REINFORCE with the critic as baseline (Sutton & Barto 2018, section 13.4): right in the mean
    whatever the critic says, and the quieter the better it is. What it did not know of the sentence
    the other translations tell.
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
"""Those that are right for what the actor itself draws, and not for a delayed one's."""
