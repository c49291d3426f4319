"""Regression targets of the critic: those of `latimer.rl.td_targets`, on translations.

Action t leads to the state of the source and the prefix with its token. Values of that state are
those of the target critic, and the policy there is that of the target actor.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from latimer.nn.output import CHUNK_LOGITS, Features, Output
from latimer.nn.rl.critic import Values
from latimer.rl import td_targets
from latimer.train.objectives.trajectories import Trajectories


@dataclass(frozen=True)
class Delayed:
    """Outputs of the target networks before every action of some trajectories, packed.

    actor: inputs of the target actor's output layer; critic: values of the target critic; first:
    the lowest action; temperature: that of the policy.
    """

    actor: Features
    actor_output: Output
    critic: Values
    first: int
    temperature: float = 1.0

    def policy(self, tokens: slice) -> Tensor:
        """π' `[tokens, actions]`."""
        logits = self.actor_output.logits(self.actor.part(tokens))[:, self.first :]
        return (logits / self.temperature).softmax(1)

    def values(self, tokens: slice) -> Tensor:
        """Q' `[tokens, actions]`."""
        return self.critic.of(tokens, self.first)


Rule = Callable[[Trajectories, Delayed, float], Tensor]
"""Targets `[rows, time]` of all actions, from trajectories, target networks and λ."""

Step = Callable[[Tensor, Tensor, Tensor, Callable[[], Tensor], Tensor], Tensor]
"""One-step targets `[n]` from rewards `[n]`, discounts `[n]`, q' `[n, actions]` of the states
reached, a function that gives π' `[n, actions]` there, and the actions taken there `[n]`."""


def _sarsa(r: Tensor, d: Tensor, q: Tensor, policy: Callable[[], Tensor], a: Tensor) -> Tensor:
    return td_targets.sarsa(r, d, q, a)


def _expected(r: Tensor, d: Tensor, q: Tensor, policy: Callable[[], Tensor], a: Tensor) -> Tensor:
    return td_targets.expected_sarsa(r, d, q, policy())


def _greedy(r: Tensor, d: Tensor, q: Tensor, policy: Callable[[], Tensor], a: Tensor) -> Tensor:
    return td_targets.q_learning(r, d, q)


def one_step(step: Step, found: Trajectories, delayed: Delayed) -> Tensor:
    """Targets `[rows, time]` by `step`, a chunk of states at a time.

    The last action of a row ends the episode: its target is its reward.
    """
    targets, going = found.rewards.clone(), found.discounts.t() > 0
    # Packed by time, the state that action t of a row reaches stands after those of all first
    # actions, in the order of the actions that reach them.
    rewards, discounts = found.rewards.t()[going], found.discounts.t()[going]
    begin, actions = len(found.actions), found.packed(found.actions) - delayed.first
    size = max(1, CHUNK_LOGITS // delayed.actor_output.weight.shape[0])
    reached = []
    for start in range(0, len(rewards), size):
        here = slice(start, min(start + size, len(rewards)))
        there = slice(begin + here.start, begin + here.stop)
        reached.append(
            step(
                rewards[here], discounts[here], delayed.values(there),
                partial(delayed.policy, there), actions[there],
            )
        )  # fmt: skip
    if reached:
        targets.t()[going] = torch.cat(reached).to(targets.dtype)
    return targets


def reached_values(found: Trajectories, delayed: Delayed) -> Tensor:
    """V' = Σ_a π'(a) q'(a) of the state that each action reaches, `[rows, time]`; 0 at the end."""
    return one_step(_expected, found, delayed) - found.rewards


@torch.no_grad()
def state_values(found: Trajectories, delayed: Delayed) -> Tensor:
    """V' of the state before each action, `[rows, time]`."""
    rows = len(found.actions)
    begin = (delayed.policy(slice(rows)) * delayed.values(slice(rows))).sum(1)
    reached = reached_values(found, delayed)
    return torch.cat([begin[:, None].to(reached.dtype), reached[:, :-1]], 1)


def _monte_carlo(found: Trajectories, delayed: Delayed, lambda_: float) -> Tensor:
    return td_targets.monte_carlo(found.rewards, found.discounts)


def _lambda_return(found: Trajectories, delayed: Delayed, lambda_: float) -> Tensor:
    values = reached_values(found, delayed)
    return td_targets.lambda_return(found.rewards, found.discounts, values, lambda_)


TARGETS: dict[str, Rule] = {
    "expected_sarsa": lambda found, delayed, lambda_: one_step(_expected, found, delayed),
    "sarsa": lambda found, delayed, lambda_: one_step(_sarsa, found, delayed),
    "q_learning": lambda found, delayed, lambda_: one_step(_greedy, found, delayed),
    "lambda_return": _lambda_return,
    "monte_carlo": _monte_carlo,
}
"""By name; the paper's is `expected_sarsa`."""

BOOTSTRAPS = tuple(name for name in TARGETS if name != "monte_carlo")
"""Targets that need the values of the target critic."""
