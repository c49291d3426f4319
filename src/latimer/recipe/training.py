"""Section `training`: how to learn, and when to stop."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from latimer.recipe.section import Probability, Section


class Training(Section):
    """How to learn, and when to stop: at whichever limit comes first."""

    batch_tokens: int = Field(
        default=2048,
        ge=1,
        description="Positions in a batch on either side, padding included, at most.",
    )
    max_minutes: float | None = Field(
        default=None, gt=0, description="Stop after so many minutes of training; null: no limit."
    )
    max_epochs: int | None = Field(
        default=None, ge=1, description="Stop after so many passes over the data; null: no limit."
    )
    max_updates: int | None = Field(
        default=None, ge=1, description="Stop after so many updates; null: no limit."
    )
    patience: int | None = Field(
        default=10,
        ge=1,
        description="Stop after so many validations without a better dev BLEU; null: never.",
    )
    learning_rate: float = Field(
        default=1e-3, gt=0, le=100, description="Highest step size of Adam."
    )
    warmup: int = Field(
        default=0, ge=0, description="Updates over which the learning rate rises from 0 in a line."
    )
    schedule: Literal["plateau", "inverse_sqrt", "constant"] = Field(
        default="plateau",
        description="After the warm-up: decay when dev BLEU stalls, with one over the square root "
        "of the updates, or not at all.",
    )
    decay: float = Field(
        default=0.5,
        gt=0,
        lt=1,
        description="Factor on the learning rate at each stall (`plateau`).",
    )
    plateau_patience: int = Field(
        default=2, ge=1, description="Validations without gain that make a stall (`plateau`)."
    )
    cooldown: Probability = Field(
        default=0.0,
        description="Share of the run, at its end, over which the learning rate falls to a "
        "hundredth in a line; needs max_minutes, max_epochs or max_updates.",
    )
    label_smoothing: Probability = Field(
        default=0.1, description="Share of each label's probability spread over the vocabulary."
    )
    clip: float = Field(
        default=1.0, gt=0, description="Largest norm of the gradient; larger is scaled."
    )
    weight_decay: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Decoupled weight decay per update, times the learning rate.",
    )
    validate_every: int = Field(default=500, ge=1, description="Updates between validations.")
    precision: Literal["auto", "fp32", "bf16"] = Field(
        default="auto",
        description="Number format of matrix products; `auto` tries both in updates.",
    )
    average: int = Field(
        default=5,
        ge=1,
        le=100,
        description="Best checkpoints whose weights are averaged at the end.",
    )
    extrapolation: float = Field(
        default=1.0,
        gt=0,
        le=100,
        description="η of θ₀ + η (mean − θ₀), with θ₀ the initial weights of the phase and the "
        "mean of the best checkpoints; tried at the end beside the mean itself (η = 1), and "
        "the better on dev is kept.",
    )
    threads: int | None = Field(
        default=None,
        ge=1,
        le=1024,
        description="Threads that share every batch; null: as many as make updates fastest.",
    )
