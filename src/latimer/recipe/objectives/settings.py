"""What the settings of all objectives have in common."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from latimer.recipe.section import Section, impossible


class ObjectiveSettings(Section):
    """The settings of one kind of objective, and what training must know about that kind."""

    builder: ClassVar[str]
    """`module:function`; called as in `latimer.train.objectives.build.build_objective`."""
    needs_start: ClassVar[bool] = False
    """Whether it improves a translator: one that `start` names, or that an earlier phase made."""
    has_critic: ClassVar[bool] = False
    """Whether it trains a critic, which section `critic` describes."""
    trains_translator: ClassVar[bool] = True
    """Whether the translator's weights change."""
    loss_unit: ClassVar[Literal["tokens", "sentences"]] = "tokens"
    """What the loss is a mean over."""

    kind: str

    @property
    def compares(self) -> str | None:
        """What needs two samples of a sentence to compare, in words; None if nothing does."""
        return None


class RewardSettings(ObjectiveSettings):
    """Settings of objectives that learn from the reward of sampled translations."""

    needs_start: ClassVar[bool] = True
    loss_unit: ClassVar[Literal["tokens", "sentences"]] = "sentences"

    reward: str = Field(
        default="bleu",
        description="Reward of a translation: sentence-level `bleu`, `balanced_bleu`, `gleu` or "
        "`edits` of subwords, the same of words (`word_bleu`, …), `chrf`, `ter`, a function of two "
        "texts (`module:function`), or a weighted sum such as `0.7 bleu + 0.3 chrf`.",
    )
    samples: int = Field(
        default=5, ge=1, le=1000, description="Translations sampled for each source sentence."
    )
    temperature: float = Field(
        default=1.0, ge=0.01, le=100, description="Softmax temperature of sampling."
    )
    max_length: int | None = Field(
        default=None,
        ge=1,
        description="Maximum number of tokens of a sample; null: twice the source's plus ten.",
    )

    def check_samples(self) -> None:
        """Refuse a single sample where samples are compared with each other."""
        if self.compares and self.samples < 2:
            raise impossible(
                "objective.samples",
                f"{self.compares} compares samples of a sentence; set it to 2 or more",
            )
