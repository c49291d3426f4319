"""What every section of a recipe is, and the kinds of its values."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, Strict
from pydantic_core import PydanticCustomError

Size = Annotated[int, Field(ge=1, le=65_536)]
Probability = Annotated[float, Field(ge=0, lt=1)]
TextFile = Annotated[Path, Strict(False)]


class Section(BaseModel):
    """Refuses keys it does not know and values of another type, and stays as it is."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


def impossible(key: str, why: str) -> PydanticCustomError:
    """The error of a dotted `key` whose value does not go with others."""
    return PydanticCustomError("impossible", "{key}: {why}", {"key": key, "why": why})
