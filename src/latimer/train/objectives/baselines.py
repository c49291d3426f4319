"""Baselines of REINFORCE: what an action's return is compared with (Williams 1992).

A baseline that does not depend on the action leaves the gradient as it is in the mean and lowers
its variance. Each gives an advantage for every action.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import torch
from torch import Tensor, nn

from latimer.nn.seq2seq import Seq2Seq
from latimer.rl.td_targets import monte_carlo
from latimer.text.batching import Batch
from latimer.train.objectives.critic_figures import CRITIC_FIGURES, critic_figures
from latimer.train.objectives.trajectories import Draw, Trajectories, less_others


class Baseline(Protocol):
    """Compares the returns of trajectories with what was to be expected."""

    @property
    def modules(self) -> Mapping[str, nn.Module]:
        """What it has learnt or remembers, by name; part of the state of a run."""

    @property
    def trained(self) -> tuple[str, ...]:
        """Which of `modules` are trained by gradients."""

    @property
    def figures(self) -> tuple[str, ...]:
        """The names in `diagnostics`."""

    def advantages(
        self, found: Trajectories, features: Tensor, network: Seq2Seq, batch: Batch, draw: Draw
    ) -> tuple[Tensor, Tensor]:
        """Advantages `[tokens]`, packed, and a loss `[]` of the baseline's own, a sum over rows.

        `features [tokens, readout]`: what the network knows before each action.
        """

    def diagnostics(self, found: Trajectories, advantages: Tensor) -> dict[str, Tensor]:
        """Figures on the `advantages [tokens]` that it gave, `[]` each."""

    def updated(self, figures: Mapping[str, float]) -> None:
        """Called after an update with the means of its figures, such as `reward`."""


def _every(found: Trajectories, values: Tensor) -> Tensor:
    """`values [rows]` for every action, packed, `[tokens]`."""
    return found.packed(values[:, None].expand(found.actions.shape))


class _Silent:
    """A baseline without figures of its own."""

    figures: tuple[str, ...] = ()

    def diagnostics(self, found: Trajectories, advantages: Tensor) -> dict[str, Tensor]:
        """Nothing."""
        return {}


class _Constant(_Silent):
    """A baseline for whole translations, that learns nothing."""

    @property
    def modules(self) -> Mapping[str, nn.Module]:
        """None."""
        return {}

    @property
    def trained(self) -> tuple[str, ...]:
        """None."""
        return ()

    def updated(self, figures: Mapping[str, float]) -> None:
        """Nothing is remembered."""


class NoBaseline(_Constant):
    """0: the score itself."""

    def advantages(
        self, found: Trajectories, features: Tensor, network: Seq2Seq, batch: Batch, draw: Draw
    ) -> tuple[Tensor, Tensor]:
        """See `Baseline`."""
        return _every(found, found.scores), features.new_zeros(())


class LeaveOneOut(_Constant):
    """The mean score of the other translations of the sentence (Kool et al. 2019, section 3)."""

    def advantages(
        self, found: Trajectories, features: Tensor, network: Seq2Seq, batch: Batch, draw: Draw
    ) -> tuple[Tensor, Tensor]:
        """See `Baseline`."""
        scores = found.grouped(found.scores)
        mean = scores.mean(1, keepdim=True)
        advantages = (scores - mean) * (found.samples / (found.samples - 1))
        return _every(found, found.scattered(advantages)), features.new_zeros(())


class ToGo(_Constant):
    """The mean return of the sentence's other translations from the same time on.

    Compared with it is the return from there on, Σ_{k ≥ t} r_k: what was gained before an action
    is none of its doing (Sutton & Barto 2018, section 13.3). A translation that has ended has
    nothing more to gain.
    """

    def advantages(
        self, found: Trajectories, features: Tensor, network: Seq2Seq, batch: Batch, draw: Draw
    ) -> tuple[Tensor, Tensor]:
        """See `Baseline`."""
        returns = found.packed(monte_carlo(found.rewards, found.discounts))
        return less_others(found, returns), features.new_zeros(())


class SelfCritical(_Constant):
    """The score of the greedy translation of the sentence (Rennie et al. 2017, equation 9)."""

    figures = ("reward_greedy", "reward_gap")

    def advantages(
        self, found: Trajectories, features: Tensor, network: Seq2Seq, batch: Batch, draw: Draw
    ) -> tuple[Tensor, Tensor]:
        """See `Baseline`."""
        greedy = draw.greedy_scores(network, batch)
        return _every(found, found.scores - greedy[found.sentences]), features.new_zeros(())

    def diagnostics(self, found: Trajectories, advantages: Tensor) -> dict[str, Tensor]:
        """The mean score of greedy translations, and how much more that is than of those drawn."""
        gap = -advantages[: len(found.scores)].mean()  # of first actions, which come first
        return {"reward_greedy": found.scores.mean() + gap, "reward_gap": gap}


class _Mean(nn.Module):
    """A fading mean and the weight seen so far, which corrects the beginning from nothing."""

    mean: Tensor
    seen: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros((), dtype=torch.float64))
        self.register_buffer("seen", torch.zeros((), dtype=torch.float64))


class RunningMean(_Silent):
    """The mean score of what was drawn before, older updates fading (Williams 1992, section 4)."""

    def __init__(self, fading: float = 0.95) -> None:
        """`fading` is the weight of the past at each update."""
        self.fading = fading
        self.memory = _Mean()

    @property
    def modules(self) -> Mapping[str, nn.Module]:
        """See `Baseline`."""
        return {"baseline": self.memory}

    @property
    def trained(self) -> tuple[str, ...]:
        """Nothing is, by gradients."""
        return ()

    def advantages(
        self, found: Trajectories, features: Tensor, network: Seq2Seq, batch: Batch, draw: Draw
    ) -> tuple[Tensor, Tensor]:
        """See `Baseline`."""
        mean = self.memory.mean / self.memory.seen.clamp(min=1e-12)
        return _every(found, found.scores - mean.to(found.scores.dtype)), features.new_zeros(())

    def updated(self, figures: Mapping[str, float]) -> None:
        """See `Baseline`."""
        fading, memory = self.fading, self.memory
        memory.mean.mul_(fading).add_((1 - fading) * figures["reward"])
        memory.seen.mul_(fading).add_(1 - fading)


class LearnedValue:
    """v(source, prefix) from the features before each action (Ranzato et al. 2016, section 3.2.1).

    Compared with it is the return from there on. It learns by squared error and gives the network
    no gradient.
    """

    figures = CRITIC_FIGURES

    def __init__(self, readout: int, hidden: int = 128) -> None:
        """`readout` is the width of the features."""
        last = nn.Linear(hidden, 1)
        nn.init.zeros_(last.weight)
        self.head = nn.Sequential(nn.Linear(readout, hidden), nn.Tanh(), last)

    @property
    def modules(self) -> Mapping[str, nn.Module]:
        """See `Baseline`."""
        return {"baseline": self.head}

    @property
    def trained(self) -> tuple[str, ...]:
        """The head."""
        return ("baseline",)

    def advantages(
        self, found: Trajectories, features: Tensor, network: Seq2Seq, batch: Batch, draw: Draw
    ) -> tuple[Tensor, Tensor]:
        """See `Baseline`."""
        values = self.head(features.detach()).squeeze(1).float()
        returns = found.packed(monte_carlo(found.rewards, found.discounts))
        return returns - values.detach(), (values - returns).square().sum()

    def diagnostics(self, found: Trajectories, advantages: Tensor) -> dict[str, Tensor]:
        """How well it foresaw the returns."""
        returns = found.packed(monte_carlo(found.rewards, found.discounts))
        return critic_figures(found, returns - advantages)

    def updated(self, figures: Mapping[str, float]) -> None:
        """It has learnt by gradients."""


BASELINES: dict[str, Callable[[int], Baseline]] = {
    "none": lambda readout: NoBaseline(),
    "running_mean": lambda readout: RunningMean(),
    "self_critical": lambda readout: SelfCritical(),
    "leave_one_out": lambda readout: LeaveOneOut(),
    "to_go": lambda readout: ToGo(),
    "learned": LearnedValue,
}
"""By name, from the width of the network's features."""
