"""Section `critic`: the critic of the objectives that train one."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from latimer.nn.names import Reads
from latimer.recipe.section import Section, Size, impossible


class CriticSection(Section):
    """The critic of `actor_critic` and `critic`: a network that gives a value to every token."""

    reads: Reads = Field(default="reference", description="Input of the critic's encoder.")
    head: Literal["auto", "layer", "pointer"] = Field(
        default="auto",
        description="How values are computed: by an output `layer` as in Bahdanau et al. 2017, or "
        "by a layer and a `pointer` into the reference; `auto` is `pointer` if the critic reads "
        "the reference.",
    )
    target: Literal["expected_sarsa", "sarsa", "q_learning", "lambda_return", "monte_carlo"] = (
        Field(default="expected_sarsa", description="Target of its regression, see `latimer.rl`.")
    )
    td_lambda: float = Field(
        default=0.9, ge=0, le=1, description="λ of the target `lambda_return`."
    )
    penalty: float = Field(
        default=1e-3,
        ge=0,
        le=100,
        description="Weight of the penalty on the variance of the values over the vocabulary.",
    )
    target_update_rate: float = Field(
        default=0.02,
        gt=0,
        le=1,
        description="τ of the target critic: θ' ← θ' + τ (θ − θ') after every update.",
    )
    actor_target_update_rate: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="τ of the target actor; null: that of the critic, 1: no target actor, which "
        "saves a forward pass.",
    )
    gradient: Literal["all", "corrected", "drawn"] = Field(
        default="all",
        description="The actor's gradient: from the values of `all` tokens as in Bahdanau et al. "
        "2017, the same with an unbiased correction for the sampled tokens (`corrected`), or from "
        "the sampled (`drawn`) tokens with the critic as baseline.",
    )
    pretraining: int = Field(
        default=200,
        ge=0,
        description="First updates, in which only the critic learns; 0 in a phase that takes over "
        "the critic of the phase before, unless the phase sets it.",
    )
    rate: float = Field(
        default=10.0,
        gt=0,
        le=1e4,
        description="The critic's learning rate, as a multiple of `training.learning_rate`.",
    )
    embedding: Size = Field(default=256, description="Size of its token embeddings.")
    size: Size = Field(
        default=256, description="Hidden units of its decoder; its encoder has half in a direction."
    )

    @property
    def which_actor_target_update_rate(self) -> float:
        """`actor_target_update_rate`, or what null stands for."""
        rate = self.actor_target_update_rate
        return self.target_update_rate if rate is None else rate

    @property
    def which_head(self) -> str:
        """`head`, or what `auto` stands for."""
        if self.head != "auto":
            return self.head
        return "pointer" if self.reads == "reference" else "layer"

    @model_validator(mode="after")
    def _pointed(self) -> CriticSection:
        """Refuse a pointer into what is in another language."""
        if self.head == "pointer" and self.reads != "reference":
            raise impossible(
                "critic.head",
                f"pointer does not go with critic.reads {self.reads}: it points into the "
                "reference; set critic.head to layer",
            )
        return self
