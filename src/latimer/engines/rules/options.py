"""Options of the engine `rules`, and what `config.json` of a rule folder says."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import ConfigDict, Field

from latimer.model.config import ModelConfig
from latimer.settings import Settings

Unknown = Literal["mark", "keep"]


class RulesOptions(Settings):
    """Options of a rule system, as `latimer.load` and `--set engine.KEY=VALUE` take them."""

    unknown: Unknown | None = Field(
        default=None,
        description="Words that the lexicon lacks: `mark` writes them with a `*` in front, `keep` "
        "as they are; null: as the folder's `config.json` says.",
        json_schema_extra={"allowed": "one of mark, keep, or null"},
    )
    trace: bool = Field(
        default=False,
        description="Write the steps of each translation, and the rules that were applied, to "
        "standard error.",
    )


class RulesConfig(ModelConfig):
    """`config.json` of a rule folder."""

    model_config = ConfigDict(extra="forbid")

    ENGINE: ClassVar[str] = "rules"

    engine: Literal["rules"] = "rules"
    kind: Literal["translator"] = "translator"
    unknown: Unknown = "mark"
