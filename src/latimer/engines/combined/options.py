"""Options of the engine `combined`."""

from __future__ import annotations

from pydantic import Field

from latimer.settings import Settings


class CombinedOptions(Settings):
    """Options of the combined engine, as `latimer.load` and `--set engine.KEY=VALUE` take them."""

    device: str = Field(
        default="cpu", description="Where the network computes: `cpu`, `cuda`, `cuda:1`, and so on."
    )
    threads: int | None = Field(
        default=None,
        ge=1,
        le=1024,
        description="Texts translated at the same time, a thread each; null: one for each core.",
    )
