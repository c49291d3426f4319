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
        description="Maximum tokens of a batch on either side, padding included.",
    )
    max_minutes: float | None = Field(
        default=None, gt=0, description="Stop after this many minutes of training; null: no limit."
    )
    max_epochs: int | None = Field(
        default=None, ge=1, description="Stop after this many epochs; null: no limit."
    )
    max_updates: int | None = Field(
        default=None, ge=1, description="Stop after this many updates; null: no limit."
    )
    patience: int | None = Field(
        default=10,
        ge=1,
        description="Stop after this many validations without a better dev BLEU; null: never.",
    )
    learning_rate: float = Field(
        default=1e-3, gt=0, le=100, description="Peak learning rate of Adam."
    )
    warmup: int = Field(
        default=0, ge=0, description="Updates over which the learning rate rises linearly from 0."
    )
    schedule: Literal["plateau", "inverse_sqrt", "constant"] = Field(
        default="plateau",
        description="Learning rate after the warm-up: multiplied by `decay` when dev BLEU stalls "
        "(`plateau`), proportional to one over the square root of the update, or constant.",
    )
    decay: float = Field(
        default=0.5,
        gt=0,
        lt=1,
        description="Factor on the learning rate when dev BLEU stalls (`plateau`).",
    )
    plateau_patience: int = Field(
        default=2,
        ge=1,
        description="Validations without improvement that count as a stall (`plateau`).",
    )
    cooldown: Probability = Field(
        default=0.0,
        description="Final fraction of the run over which the learning rate decays linearly to a "
        "hundredth; needs max_minutes, max_epochs or max_updates.",
    )
    label_smoothing: Probability = Field(
        default=0.1, description="Probability mass of each label spread over the vocabulary."
    )
    clip: float = Field(
        default=1.0,
        gt=0,
        description="Maximum norm of the gradient; larger gradients are rescaled.",
    )
    weight_decay: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Decoupled weight decay of AdamW; multiplied by the learning rate.",
    )
    validate_every: int = Field(default=500, ge=1, description="Updates between validations.")
    precision: Literal["auto", "fp32", "bf16"] = Field(
        default="auto",
        description="Precision of matrix products; `auto` measures which is faster in training.",
    )
    average: int = Field(
        default=5,
        ge=1,
        le=100,
        description="Number of best checkpoints whose weights are averaged at the end.",
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
        description="Threads that share every batch; null: measured in training, the fastest.",
    )
    tensorboard: bool = Field(
        default=False,
        description="Write the figures of updates and validations for TensorBoard, in `events/` of "
        "the run folder; needs `latimer[tensorboard]`.",
    )
