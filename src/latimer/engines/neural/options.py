"""Options of the neural engine: devices, threads, precision, and further models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, Strict, model_validator
from pydantic_core import PydanticCustomError

from latimer.settings import Settings


def _as_several(folders: Any) -> Any:
    return (folders,) if isinstance(folders, str | Path) else folders


Folder = Annotated[Path, Strict(False)]
Folders = Annotated[tuple[Folder, ...], Strict(False), BeforeValidator(_as_several)]
Weight = Annotated[float, Field(ge=0, le=100)]


class NeuralOptions(Settings):
    """Options of the neural engine, as `latimer.load` and `--set engine.KEY=VALUE` take them."""

    device: str = Field(
        default="cpu", description="Where to compute: `cpu`, `cuda`, `cuda:1`, and so on."
    )
    threads: int | None = Field(
        default=None,
        ge=1,
        le=1024,
        description="Batches translated at the same time, a thread each; null: one for each core.",
    )
    precision: Literal["auto", "fp32", "fp16", "int8"] = Field(
        default="auto",
        description="Precision of matrix products: `auto` takes what is fastest here, for one "
        "sentence or for several at a time; with `fp32` all machines translate alike.",
    )
    shortlist: Literal["auto", "off"] | int = Field(
        default="auto",
        description="Search among this number of likely translations of each source piece and the "
        "frequent pieces; `auto`: where the vocabulary is large.",
        json_schema_extra={"allowed": "auto, off, or a whole number"},
    )
    batch_tokens: int = Field(
        default=2048, ge=1, description="Source pieces translated together, padding counted."
    )
    too_long: Literal["windows", "refuse"] = Field(
        default="windows",
        description="A text longer than the model takes: translate it in `windows`, cut after "
        "sentences, clauses or words, or `refuse` it.",
    )
    ensemble: Folders = Field(
        default=(),
        description="Folders of further models that search together with this one.",
        json_schema_extra={"allowed": "the folder of a model, or a list of folders"},
    )
    language_model: Folder | None = Field(
        default=None,
        description="Folder of a language model whose scores are added in search, or, with "
        "`reverse`, when translations are ranked.",
    )
    language_model_weight: Weight | None = Field(
        default=None,
        description="Weight of the language model; null: 0.1, with `reverse` the channel's weight.",
    )
    reverse: Folder | None = Field(
        default=None,
        description="Folder of a translator of the other direction: all that the beam finds is "
        "ranked by how well it explains the source (noisy channel).",
    )
    channel_weight: Weight | None = Field(default=None, description="Weight of `reverse`; null: 1.")

    @model_validator(mode="after")
    def _check_models(self) -> NeuralOptions:
        for weight, model in (
            ("language_model_weight", "language_model"),
            ("channel_weight", "reverse"),
        ):
            if getattr(self, weight) is not None and getattr(self, model) is None:
                raise _impossible(weight, f"it is the weight of engine.{model}, which is not given")
        if self.reverse is not None and self.ensemble:
            raise _impossible("ensemble", "engine.reverse ranks what one model finds; leave it out")
        return self


def _impossible(key: str, why: str) -> PydanticCustomError:
    return PydanticCustomError("impossible", "{why}", {"key": key, "why": why})
