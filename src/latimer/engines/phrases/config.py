"""What `config.json` says of a phrase-based model."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import ConfigDict, Field, field_validator

from latimer.model.config import ModelConfig
from latimer.search.reading import SearchSection
from latimer.search.strategies import Search, Stack

FEATURE_WEIGHTS = "weights"


class PhrasesConfig(ModelConfig):
    """`config.json` of a model of the engine `phrases`.

    model: the kind of model; weights: of its features, by name; search: how it is searched where
    nothing else is asked for; sha256: of each other file of the folder, by its name.
    """

    model_config = ConfigDict(extra="forbid")

    ENGINE: ClassVar[str] = "phrases"

    engine: Literal["phrases"] = "phrases"
    kind: Literal["translator"] = "translator"
    model: str
    weights: dict[str, float]
    search: SearchSection = Stack()
    sha256: dict[str, str] = Field(default={})

    @field_validator("search")
    @classmethod
    def _only_stack(cls, search: Search) -> Search:
        if not isinstance(search, Stack):
            raise ValueError("a phrase-based model is searched with the kind stack")
        return search
