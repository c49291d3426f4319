"""The settings of the algorithms with networks: a class for each, a field for each option.

What an algorithm reads are the fields of its class, and nothing else. No PyTorch is imported here.
"""

from __future__ import annotations

from dataclasses import dataclass

from latimer.errors import InputError


@dataclass(frozen=True)
class A2C:
    """Advantage actor–critic (Mnih et al. 2016).

    copies: of the environment; horizon: steps of each copy between updates; discount: γ;
    gae_lambda: λ of the advantages; entropy: factor of the entropy bonus; max_gradient_norm:
    gradients are clipped to it; normalise_advantages: to mean 0 and deviation 1 in each batch;
    anneal: decrease learning rates linearly to 0; reward_scale: factor of the rewards; hidden:
    sizes of the hidden layers.
    """

    copies: int = 8
    horizon: int = 16
    discount: float = 0.99
    gae_lambda: float = 1.0
    actor_learning_rate: float = 7e-4
    critic_learning_rate: float = 7e-4
    entropy: float = 0.01
    max_gradient_norm: float = 0.5
    normalise_advantages: bool = False
    anneal: bool = False
    reward_scale: float = 1.0
    hidden: tuple[int, ...] = (64, 64)


@dataclass(frozen=True)
class PPO:
    """Proximal policy optimisation (Schulman et al. 2017).

    As `A2C`, and clip: ε of the clipped surrogate, annealed too; epochs: passes over each rollout,
    in `minibatches` parts.
    """

    copies: int = 8
    horizon: int = 32
    discount: float = 0.98
    gae_lambda: float = 0.9
    actor_learning_rate: float = 1.5e-3
    critic_learning_rate: float = 3e-3
    entropy: float = 0.0
    max_gradient_norm: float = 0.5
    normalise_advantages: bool = True
    anneal: bool = True
    reward_scale: float = 1.0
    hidden: tuple[int, ...] = (64, 64)
    clip: float = 0.2
    epochs: int = 20
    minibatches: int = 2


@dataclass(frozen=True)
class DQN:
    """Deep Q-learning (Mnih et al. 2015).

    replay: capacity of the replay buffer; warmup: steps before learning; period: steps of all
    copies between updates, of which there are then `updates`; batch: steps in an update;
    target_period: updates after which the target network is replaced; epsilon: ε of the policy,
    linearly from the first number to the second over the share `exploration` of all steps; double:
    double Q-learning (van Hasselt et al. 2016); the others as for `A2C`.
    """

    copies: int = 8
    discount: float = 0.99
    learning_rate: float = 1e-3
    replay: int = 100_000
    warmup: int = 1_000
    period: int = 256
    updates: int = 128
    batch: int = 64
    target_period: int = 128
    epsilon: tuple[float, float] = (1.0, 0.04)
    exploration: float = 0.16
    double: bool = True
    max_gradient_norm: float = 10.0
    hidden: tuple[int, ...] = (128, 128)


@dataclass(frozen=True)
class Dynamics:
    """A learned model of the environment, planned in by the cross-entropy method.

    warmup: steps at random; period: steps between trainings of the model of `updates` batches each;
    members: of the ensemble; horizon: steps of a plan; candidates: action sequences in each of
    `rounds`; elite: the best of them, which shape the next round; smoothing: weight of the previous
    round's distribution; the others as for `DQN`.
    """

    copies: int = 1
    discount: float = 0.99
    learning_rate: float = 1e-3
    replay: int = 50_000
    warmup: int = 200
    period: int = 50
    updates: int = 100
    batch: int = 256
    members: int = 2
    horizon: int = 20
    candidates: int = 200
    rounds: int = 2
    elite: int = 20
    smoothing: float = 0.1
    hidden: tuple[int, ...] = (128, 128)


SETTINGS: dict[str, type] = {"a2c": A2C, "ppo": PPO, "dqn": DQN, "dynamics": Dynamics}
"""By the name of the algorithm."""


@dataclass(frozen=True)
class Training:
    """How long is trained, whatever the algorithm.

    steps: of all copies together; limit: steps after which an episode is truncated, by default the
    environment's, or 1,000 for grid worlds and finite processes; seed; device: as PyTorch names it.
    """

    steps: int = 60_000
    limit: int | None = None
    seed: int = 0
    device: str = "cpu"

    def __post_init__(self) -> None:
        """InputError for numbers out of range."""
        if self.steps < 1:
            raise InputError(f"steps is {self.steps}; it must be at least 1")
        if self.limit is not None and self.limit < 1:
            raise InputError(f"a limit of {self.limit} steps; an episode needs at least 1")
