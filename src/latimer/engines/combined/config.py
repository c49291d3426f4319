"""What `config.json` says of a combined model."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field, Strict, field_validator

from latimer.model.config import Facts, ModelConfig
from latimer.search.reading import SearchSection
from latimer.search.strategies import Beam, Search

Scale = Annotated[float, Field(gt=0, le=100)]
Theta = Annotated[float, Field(ge=0, le=100)]


class Combination(Facts):
    """How candidates are found.

    candidates: of the phrase-based model, at most, for each text, from which the posteriors of
    n-grams come; ranked: how many of them, the best, may be the translation: the network scores
    each, which takes time; phrases_scale, network_scale: how sharp the probabilities of candidates
    are (see `posteriors`); guidance: what the network's search adds for n-grams of pieces,
    n = 1 … 4, that are sure to the phrase-based model, in nats.
    """

    candidates: int = Field(default=50, ge=1, le=1000)
    ranked: int = Field(default=25, ge=1, le=1000)
    phrases_scale: Scale = 1.0
    network_scale: Scale = 1.0
    guidance: Annotated[tuple[Theta, Theta, Theta, Theta], Strict(False)] = (0.0, 0.0, 0.0, 0.0)


class CombinedConfig(ModelConfig):
    """`config.json` of a model of the engine `combined`.

    combination: how candidates are found; weights: of their features, by name; search: of the
    network; sha256: of the `config.json` of both models, by the name of their folder.
    """

    model_config = ConfigDict(extra="forbid")

    ENGINE: ClassVar[str] = "combined"

    engine: Literal["combined"] = "combined"
    kind: Literal["translator"] = "translator"
    combination: Combination = Combination()
    weights: dict[str, float]
    search: SearchSection = Beam(width=10)
    sha256: dict[str, str] = Field(default={})

    @field_validator("search")
    @classmethod
    def _only_beam(cls, search: Search) -> Search:
        if not isinstance(search, Beam):
            raise ValueError("a combined model is searched with the kind beam")
        return search
