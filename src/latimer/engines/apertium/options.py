"""Options of the engine `apertium`, and what `config.json` of a folder of its says."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field, Strict

from latimer.model.config import ModelConfig
from latimer.settings import Settings

Unknown = Literal["keep", "mark"]


class ApertiumOptions(Settings):
    """Options of Apertium, as `latimer.load` and `--set engine.KEY=VALUE` take them."""

    unknown: Unknown = Field(
        default="keep",
        description="Words that Apertium does not know: `keep` writes them as they are, `mark` "
        "with a `*` in front.",
    )
    modes: Annotated[Path, Strict(False)] | None = Field(
        default=None,
        description="Folder of Apertium's modes; null: that of the environment variable "
        "`APERTIUM_MODES`, or else where packages install them.",
    )
    timeout: float = Field(
        default=60.0,
        gt=0,
        le=3600,
        description="Seconds without any output after which Apertium is started again.",
    )


class ApertiumConfig(ModelConfig):
    """`config.json` of a folder that stands for a pair of Apertium; `languages` names the pair."""

    model_config = ConfigDict(extra="forbid")

    ENGINE: ClassVar[str] = "apertium"

    engine: Literal["apertium"] = "apertium"
    kind: Literal["translator"] = "translator"
    unknown: Unknown = "keep"
