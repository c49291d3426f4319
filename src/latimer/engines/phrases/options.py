"""Options of the engine `phrases`."""

from __future__ import annotations

from pydantic import Field

from latimer.settings import Settings


class PhrasesOptions(Settings):
    """Options of the phrase engine, as `latimer.load` and `--set engine.KEY=VALUE` take them."""

    threads: int | None = Field(
        default=None,
        ge=1,
        le=1024,
        description="Texts translated at the same time, a thread each; null: one for each core.",
    )
