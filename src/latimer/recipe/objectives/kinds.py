"""The kinds of objective: their settings, and the list of all of them.

A new objective is a class here, listed in `_Kinds`, and a file in `latimer.train.objectives` with
its loss, which the class names in `builder`. Nothing here needs PyTorch.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import BeforeValidator, Field, model_validator

from latimer.recipe.objectives.settings import ObjectiveSettings, RewardSettings
from latimer.recipe.section import Probability, impossible

Baseline = Literal["none", "running_mean", "self_critical", "leave_one_out", "to_go", "learned"]


class LikelihoodSettings(ObjectiveSettings):
    """Maximum likelihood of the references with teacher forcing."""

    builder: ClassVar[str] = "latimer.train.objectives.likelihood:build"

    kind: Literal["likelihood"] = "likelihood"


class ScheduledSamplingSettings(ObjectiveSettings):
    """Scheduled sampling: likelihood with some decoder inputs sampled from the model."""

    builder: ClassVar[str] = "latimer.train.objectives.scheduled_sampling:build"

    kind: Literal["scheduled_sampling"] = "scheduled_sampling"
    teacher_forcing_min: Probability = Field(
        default=0.5, description="Final probability that a decoder input is the reference token."
    )
    teacher_forcing_updates: int = Field(
        default=2000,
        ge=1,
        description="Updates over which that probability decays linearly from 1 to the final one.",
    )


class WithBaselineSettings(RewardSettings):
    """Settings of REINFORCE and of what is built on it."""

    baseline: Baseline = Field(
        default="leave_one_out",
        description="Baseline subtracted from the reward; `leave_one_out` and `to_go` need at "
        "least 2 samples.",
    )

    @property
    def compares(self) -> str | None:
        """See `ObjectiveSettings`."""
        together = self.baseline in ("leave_one_out", "to_go")
        return f"the baseline {self.baseline}" if together else None


class WithLikelihoodSettings(RewardSettings):
    """Settings of objectives to which the likelihood of the references can be added."""

    likelihood: float = Field(
        default=0.0,
        ge=0,
        le=1000,
        description="Weight of the references' log-likelihood added to the objective.",
    )


class ReinforceSettings(WithBaselineSettings, WithLikelihoodSettings):
    """REINFORCE: policy gradient of the reward of sampled translations."""

    builder: ClassVar[str] = "latimer.train.objectives.reinforce:build"

    kind: Literal["reinforce"] = "reinforce"

    @model_validator(mode="after")
    def _check(self) -> ReinforceSettings:
        self.check_samples()
        return self


class MixerSettings(WithBaselineSettings):
    """MIXER: cross-entropy on the beginning of a sentence, REINFORCE on its end."""

    builder: ClassVar[str] = "latimer.train.objectives.mixer:build"

    kind: Literal["mixer"] = "mixer"
    mixer_delta: int = Field(
        default=2,
        ge=1,
        description="Δ: tokens at the end of a sentence that are sampled at first, and by which "
        "they grow at each step of the schedule.",
    )
    mixer_delta_updates: int = Field(
        default=100, ge=1, description="Updates between two steps of the schedule of `mixer_delta`."
    )

    @model_validator(mode="after")
    def _check(self) -> MixerSettings:
        self.check_samples()
        if self.baseline == "self_critical":
            raise impossible(
                "objective.baseline",
                "self_critical does not go with mixer: a greedy translation of the whole sentence "
                "is no baseline for one that begins with the reference; choose another baseline",
            )
        return self


class MinimumRiskSettings(WithLikelihoodSettings):
    """Minimum risk training: expected reward over the samples of a sentence."""

    builder: ClassVar[str] = "latimer.train.objectives.minimum_risk:build"

    kind: Literal["minimum_risk"] = "minimum_risk"
    sharpness: float = Field(
        default=0.005,
        gt=0,
        le=100,
        description="α: exponent of the sample probabilities before they are renormalised.",
    )

    @property
    def compares(self) -> str | None:
        """See `ObjectiveSettings`."""
        return self.kind

    @model_validator(mode="after")
    def _check(self) -> MinimumRiskSettings:
        self.check_samples()
        return self


class PpoSettings(WithLikelihoodSettings):
    """PPO: clipped policy gradient with a KL penalty towards the initial model."""

    builder: ClassVar[str] = "latimer.train.objectives.ppo:build"

    kind: Literal["ppo"] = "ppo"
    clip: float = Field(
        default=0.2, gt=0, lt=1, description="ε: clipping range of the probability ratio."
    )
    kl_weight: float = Field(
        default=0.02,
        ge=0,
        le=100,
        description="Weight of the KL penalty: reward lost per nat of log-probability above that "
        "of the initial model.",
    )
    sync_every: int = Field(
        default=4,
        ge=1,
        description="Updates after which the policy that samples is set to the current one.",
    )

    @property
    def compares(self) -> str | None:
        """See `ObjectiveSettings`."""
        return self.kind

    @model_validator(mode="after")
    def _check(self) -> PpoSettings:
        self.check_samples()
        return self


class ActorCriticSettings(WithLikelihoodSettings):
    """Actor–critic: the policy gradient uses the values of a trained critic."""

    builder: ClassVar[str] = "latimer.train.objectives.actor_critic:build"
    has_critic: ClassVar[bool] = True

    kind: Literal["actor_critic"] = "actor_critic"


class CriticOnlySettings(RewardSettings):
    """The critic of `actor_critic` is trained alone: before an actor–critic phase or for search."""

    builder: ClassVar[str] = "latimer.train.objectives.actor_critic:build_critic_only"
    has_critic: ClassVar[bool] = True
    trains_translator: ClassVar[bool] = False

    kind: Literal["critic"] = "critic"


_Kinds = (
    LikelihoodSettings
    | ScheduledSamplingSettings
    | ReinforceSettings
    | MixerSettings
    | MinimumRiskSettings
    | PpoSettings
    | ActorCriticSettings
    | CriticOnlySettings
)

OBJECTIVES: dict[str, type[ObjectiveSettings]] = {
    settings.model_fields["kind"].default: settings for settings in get_args(_Kinds)
}
"""The settings of every kind of objective, by its name."""

DEFAULT = "likelihood"


def _with_kind(section: Any) -> Any:
    return {"kind": DEFAULT, **section} if isinstance(section, dict) else section


Objective = Annotated[_Kinds, Field(discriminator="kind"), BeforeValidator(_with_kind)]
"""Section `objective`: which keys it has depends on its key `kind`."""


def kinds_with(key: str) -> tuple[str, ...]:
    """The kinds of objective that have the key."""
    return tuple(kind for kind, settings in OBJECTIVES.items() if key in settings.model_fields)
