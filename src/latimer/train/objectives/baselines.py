"""Baselines of REINFORCE, which are subtracted from the returns of actions (Williams 1992).

A baseline that does not depend on the action leaves the expected gradient unchanged and lowers its
variance. Each baseline gives an advantage for every action.
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
    """Turns the returns of trajectories into advantages."""

    @property
    def modules(self) -> Mapping[str, nn.Module]:
        """The baseline's parameters and buffers, by name; part of the state of a run."""

    @property
    def trained(self) -> tuple[str, ...]:
        """Which of `modules` are trained by gradients."""

    @property
    def figures(self) -> tuple[str, ...]:
        """The names in `diagnostics`."""

    def advantages(
        self, found: Trajectories, features: Tensor, network: Seq2Seq, batch: Batch, draw: Draw
    ) -> tuple[Tensor, Tensor]:
        """Advantages `[tokens]`, packed, and the baseline's loss `[]`, a sum over rows.

        `features [tokens, readout]` are the inputs of the output layer before each action.
        """

    def diagnostics(self, found: Trajectories, advantages: Tensor) -> dict[str, Tensor]:
        """Figures of the `advantages [tokens]`, `[]` each."""

    def updated(self, figures: Mapping[str, float]) -> None:
        """Called after an update with the means of its figures, such as `reward`."""


def _every(found: Trajectories, values: Tensor) -> Tensor:
    """`values [rows]` repeated for every action, packed, `[tokens]`."""
    return found.packed(values[:, None].expand(found.actions.shape))


class _Silent:
    """A baseline without figures of its own."""

    figures: tuple[str, ...] = ()

    def diagnostics(self, found: Trajectories, advantages: Tensor) -> dict[str, Tensor]:
        """Nothing."""
        return {}


class _Constant(_Silent):
    """A baseline of whole translations without state."""

    @property
    def modules(self) -> Mapping[str, nn.Module]:
        """None."""
        return {}

    @property
    def trained(self) -> tuple[str, ...]:
        """None."""
        return ()

    def updated(self, figures: Mapping[str, float]) -> None:
        """Nothing to update."""


class NoBaseline(_Constant):
    """No baseline: advantages are scores."""

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
    """The mean return of the sentence's other translations from the same time step.

    It is subtracted from the return from that step, Σ_{k ≥ t} r_k: rewards before an action do not
    depend on it (Sutton & Barto 2018, section 13.3). The return of an ended translation is 0.
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
        """The mean score of greedy translations, and its difference from that of sampled ones."""
        gap = -advantages[: len(found.scores)].mean()  # of first actions, which come first
        return {"reward_greedy": found.scores.mean() + gap, "reward_gap": gap}


class _Mean(nn.Module):
    """An exponential moving mean and its total weight, which corrects the initial bias."""

    mean: Tensor
    seen: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros((), dtype=torch.float64))
        self.register_buffer("seen", torch.zeros((), dtype=torch.float64))


class RunningMean(_Silent):
    """An exponential moving mean of scores (Williams 1992, section 4)."""

    def __init__(self, decay: float = 0.95) -> None:
        """`decay` is the factor of the previous mean in each update."""
        self.decay = decay
        self.memory = _Mean()

    @property
    def modules(self) -> Mapping[str, nn.Module]:
        """See `Baseline`."""
        return {"baseline": self.memory}

    @property
    def trained(self) -> tuple[str, ...]:
        """Nothing is trained by gradients."""
        return ()

    def advantages(
        self, found: Trajectories, features: Tensor, network: Seq2Seq, batch: Batch, draw: Draw
    ) -> tuple[Tensor, Tensor]:
        """See `Baseline`."""
        mean = self.memory.mean / self.memory.seen.clamp(min=1e-12)
        return _every(found, found.scores - mean.to(found.scores.dtype)), features.new_zeros(())

    def updated(self, figures: Mapping[str, float]) -> None:
        """See `Baseline`."""
        decay, memory = self.decay, self.memory
        memory.mean.mul_(decay).add_((1 - decay) * figures["reward"])
        memory.seen.mul_(decay).add_(1 - decay)


class LearnedValue:
    """v(source, prefix) from the features before each action (Ranzato et al. 2016, section 3.2.1).

    It is subtracted from the return from that step. It is trained by squared error, without a
    gradient for the network.
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
        """How well it predicts the returns."""
        returns = found.packed(monte_carlo(found.rewards, found.discounts))
        return critic_figures(found, returns - advantages)

    def updated(self, figures: Mapping[str, float]) -> None:
        """Nothing to update: it is trained by gradients."""


BASELINES: dict[str, Callable[[int], Baseline]] = {
    "none": lambda readout: NoBaseline(),
    "running_mean": lambda readout: RunningMean(),
    "self_critical": lambda readout: SelfCritical(),
    "leave_one_out": lambda readout: LeaveOneOut(),
    "to_go": lambda readout: ToGo(),
    "learned": LearnedValue,
}
"""Constructors by name; each takes the width of the network's features."""
