"""What can be set about tuning."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from latimer.settings import Settings

Kind = Literal["mert", "mira", "pro", "none"]


class TuningSettings(Settings):
    """How the weights of a log-linear model are tuned."""

    kind: Kind = Field(
        default="mert",
        description="`mert` (minimum error rate training), `mira` (batch MIRA), `pro` (pairwise "
        "ranking), or `none`: the weights stay as they are.",
    )
    rounds: int = Field(
        default=4, ge=1, le=100, description="Rounds of decoding and tuning, at most."
    )
    candidates: int = Field(
        default=100, ge=2, le=1000, description="Candidates of each sentence in a round."
    )
    restarts: int = Field(
        default=4, ge=0, le=100, description="Further starting points of `mert`, at random."
    )
    trust: float = Field(
        default=0.5,
        gt=0,
        le=10,
        description="How far a round may move a weight, as a share of it: candidates tell little "
        "of weights far from those that found them.",
    )
    seed: int = Field(default=1, ge=0, description="Of all random choices.")
