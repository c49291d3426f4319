"""Section `search`: how the finished model is searched by default."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from latimer.recipe.section import Section


class Search(Section):
    """How the finished model is searched by default; validation during training is greedy."""

    beam: int = Field(
        default=5, ge=1, le=4000, description="Hypotheses kept at each step; 1 is greedy."
    )
    alpha: float = Field(
        default=1.0, ge=0, le=10, description="Strength of length normalisation; 0 is none."
    )
    normalisation: Literal["power", "gnmt", "none"] = Field(
        default="power",
        description="Divide log P by `T^alpha`, by `((5 + T) / 6)^alpha` (GNMT), or by nothing.",
    )
    coverage_penalty: float = Field(
        default=0.0,
        ge=0,
        le=10,
        description="GNMT's penalty on what of the source was not read; 0 is none.",
    )
    max_length: int | None = Field(
        default=None,
        ge=1,
        le=5000,
        description="Pieces in a translation, at most; null: grows with the source.",
    )
