"""Sections `objective` and `critic`: what is learnt from."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from latimer.recipe.section import Probability, Section, Size, impossible


class ObjectiveSection(Section):
    """What is learnt from: references (`likelihood`), or the score of translations drawn."""

    kind: Literal[
        "likelihood", "scheduled_sampling", "reinforce", "mixer", "minimum_risk", "ppo",
        "actor_critic", "critic",
    ] = Field(
        default="likelihood",
        description="References (`likelihood`, `scheduled_sampling`), or sentence BLEU of "
        "translations drawn from the network (the others, which need `start` or an earlier "
        "phase); in `critic` the critic of `actor_critic` learns alone, "
        "before a phase of that or, reading the source, for search.",
    )  # fmt: skip
    reward: str = Field(
        default="bleu",
        description="What is raised: `bleu`, `balanced_bleu`, `gleu` or `edits` of pieces, the "
        "same of words (`word_bleu`, …), `chrf`, `ter`, a function of two texts "
        "(`module:function`), or a mixture such as `0.7 bleu + 0.3 chrf`.",
    )
    samples: int = Field(
        default=5, ge=1, le=1000, description="Translations drawn for each sentence."
    )
    temperature: float = Field(
        default=1.0, ge=0.01, le=100, description="Of the policy they are drawn from."
    )
    baseline: Literal[
        "none", "running_mean", "self_critical", "leave_one_out", "to_go", "learned"
    ] = Field(
        default="leave_one_out",
        description="What a score is compared with (`reinforce`, `mixer`); `leave_one_out` and "
        "`to_go` need 2 samples.",
    )
    sharpness: float = Field(
        default=0.005, gt=0, le=100, description="Exponent of probabilities (`minimum_risk`)."
    )
    clip: float = Field(
        default=0.2, gt=0, lt=1, description="How far a probability may move, as a ratio (`ppo`)."
    )
    leash: float = Field(
        default=0.02,
        ge=0,
        le=100,
        description="Price in score of a nat of log-probability above the start's (`ppo`).",
    )
    refresh: int = Field(
        default=4, ge=1, description="Updates between two policies that are drawn from (`ppo`)."
    )
    border_step: int = Field(
        default=2,
        ge=1,
        description="Pieces at the end of a reference that the network writes by itself, at first, "
        "and by which they grow at each step (`mixer`).",
    )
    border_updates: int = Field(
        default=100, ge=1, description="Updates between two such steps (`mixer`)."
    )
    truth: Probability = Field(
        default=0.5,
        description="Share of the references' own pieces read, at last (`scheduled_sampling`).",
    )
    truth_updates: int = Field(
        default=2000,
        ge=1,
        description="Updates over which that share falls from 1 (`scheduled_sampling`).",
    )
    likelihood: float = Field(
        default=0.0,
        ge=0,
        le=1000,
        description="Weight of the references' log-likelihood beside the reward.",
    )
    max_length: int | None = Field(
        default=None,
        ge=1,
        description="Pieces drawn, at most; null: twice the source's and ten.",
    )

    @model_validator(mode="after")
    def _check(self) -> ObjectiveSection:
        with_baseline = self.kind in ("reinforce", "mixer")
        compares = self.kind in ("minimum_risk", "ppo") or (
            with_baseline and self.baseline in ("leave_one_out", "to_go")
        )
        if compares and self.samples < 2:
            what = f"the baseline {self.baseline}" if with_baseline else self.kind
            raise impossible("objective.samples", f"{what} compares translations: at least 2")
        if self.kind == "mixer" and self.baseline == "self_critical":
            raise impossible(
                "objective.baseline",
                "a greedy translation from the beginning is no measure for one that mixer begins "
                "with the reference; choose another baseline",
            )
        if self.kind == "mixer" and self.likelihood:
            raise impossible(
                "objective.likelihood",
                "mixer has the likelihood of what is given already; leave it out",
            )
        return self


class CriticSection(Section):
    """The critic of `actor_critic`: a network that gives a value for every next piece."""

    reads: Literal["reference", "source"] = Field(
        default="reference", description="What its encoder reads."
    )
    head: Literal["auto", "layer", "pointer"] = Field(
        default="auto",
        description="`layer` is the output layer of Bahdanau et al. 2017, a `pointer` adds values "
        "of the places of the reference; `auto` is a pointer if the reference is read.",
    )
    target: Literal["expected_sarsa", "sarsa", "q_learning", "lambda_return", "monte_carlo"] = (
        Field(default="expected_sarsa", description="What it learns: a target of `latimer.rl`.")
    )
    trace: float = Field(default=0.9, ge=0, le=1, description="λ of `lambda_return`.")
    penalty: float = Field(
        default=1e-3, ge=0, le=100, description="Weight of the spread of its values."
    )
    follow: float = Field(
        default=0.02,
        gt=0,
        le=1,
        description="Share of the way that the delayed critic goes at each update.",
    )
    follow_actor: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="The same of the delayed actor; null: as the critic, 1: there is none, which "
        "saves reading everything once more.",
    )
    gradient: Literal["all", "corrected", "drawn"] = Field(
        default="all",
        description="How the actor learns: from the values of `all` tokens, as in Bahdanau et al. "
        "2017; `corrected` by what they missed of the tokens drawn; from the `drawn` ones alone.",
    )
    pretraining: int = Field(
        default=200,
        ge=0,
        description="First updates, in which the actor stays as it is; 0 in a phase that "
        "goes on with the critic of the one before, unless the phase says otherwise.",
    )
    rate: float = Field(
        default=10.0, gt=0, le=1e4, description="Factor on `training.learning_rate`."
    )
    embedding: Size = Field(default=256, description="Width of its embeddings.")
    size: Size = Field(default=256, description="Units of its decoder; half of that an encoder's.")

    @property
    def which_follow_actor(self) -> float:
        """`follow_actor`, or what null stands for."""
        return self.follow if self.follow_actor is None else self.follow_actor

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
                f"a pointer points into the reference, and critic.reads is {self.reads}; set "
                "critic.head layer",
            )
        return self
