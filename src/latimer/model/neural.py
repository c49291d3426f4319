"""What `config.json` says of a neural model: its network, vocabulary and default search."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from latimer.model.config import Facts, ModelConfig
from latimer.model.kinds import ModelKind
from latimer.nn.description import NetworkDescription
from latimer.nn.names import Reads
from latimer.search.constraints import LengthConstraints
from latimer.search.reading import SearchSection
from latimer.search.strategies import Beam

if TYPE_CHECKING:
    from latimer.text.vocabulary.vocabulary import Vocabulary


class VocabularyFacts(Facts):
    """The vocabulary that the network was trained with.

    sha256: of each file of the vocabulary in the folder, by its name.
    """

    kind: Literal["bpe", "unigram", "char", "word"]
    joint: bool
    placeholders: bool
    source_size: int = Field(ge=1)
    target_size: int = Field(ge=1)
    sha256: dict[str, str] = Field(default={})

    @classmethod
    def of(cls, vocabulary: Vocabulary) -> VocabularyFacts:
        """Those of a vocabulary that has no files yet."""
        return cls(
            kind=vocabulary.target.kind,
            joint=vocabulary.joint,
            placeholders=vocabulary.placeholders,
            source_size=len(vocabulary.source),
            target_size=len(vocabulary.target),
        )


class NeuralConfig(ModelConfig):
    """`config.json` of a model of the engine `neural`."""

    model_config = ConfigDict(extra="forbid")

    ENGINE: ClassVar[str] = "neural"

    engine: Literal["neural"] = "neural"
    reads: Reads | None = None
    """What a critic reads; None for other kinds of models."""
    network: NetworkDescription
    vocabulary: VocabularyFacts
    search: SearchSection = Beam()
    """How the model is searched where nothing else is asked for."""
    constraints: LengthConstraints = LengthConstraints()
    """Constraints of its translations where nothing else is asked for."""

    @property
    def reads_source(self) -> bool:
        """Whether the network has an encoder: all kinds but language models have one."""
        return self.network.reads_source

    @model_validator(mode="after")
    def _check(self) -> NeuralConfig:
        critic = self.kind == "critic" and self.network.kind == "translator"
        if not critic and self.kind != kind_of(self.network):
            raise _wrong("network.kind", f"{self.network.kind!r} does not go with kind {self.kind}")
        if (self.reads is None) == (self.kind == "critic"):
            raise _wrong("reads", f"{self.reads!r} does not go with kind {self.kind}")
        return self


def kind_of(network: NetworkDescription) -> ModelKind:
    """The kind of model that a network makes when it is trained."""
    return "translator" if network.reads_source else "language_model"


def _wrong(key: str, why: str) -> PydanticCustomError:
    return PydanticCustomError("impossible", "{why}", {"key": key, "why": why})
