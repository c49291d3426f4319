"""What `config.json` of a model folder says, whatever the engine; known without PyTorch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, Strict

from latimer.model.kinds import ModelKind

FORMAT: Final = "latimer-model/2"
"""Written into every model folder; raised whenever the meaning of `config.json` changes."""
OLDER_FORMATS: dict[str, str] = {
    "latimer-model/1": "the description now names the engine and the kind of the model",
    "latimer-critic/1": "a critic is now a model of the kind `critic`",
}
"""Formats of earlier versions, and what has changed since."""


class Facts(BaseModel):
    """A part of `config.json`: no unknown keys, no values of another type, never changed."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, ser_json_inf_nan="constants"
    )


class Languages(Facts):
    """Codes of the languages, such as `en`; empty where they are not known.

    A language model has a target language only.
    """

    source: str = ""
    target: str = ""


class TextFacts(Facts):
    """The files of a text, and how many pairs (or sentences of a language model) were used.

    too_long: further pairs, left out because they do not fit the network; None if all do.
    """

    source: Annotated[Path, Strict(False)] | None = None
    target: Annotated[Path, Strict(False)]
    pairs: int | None = Field(default=None, ge=0)
    too_long: int | None = Field(default=None, ge=0)


class DataFacts(Facts):
    """The text that a model was made from; nothing where it is not known."""

    train: TextFacts | None = None
    dev: TextFacts | None = None


class Scores(Facts):
    """How good a model is on the development set, and how it came about.

    dev_bleu_greedy: BLEU of greedy search, 0 to 100, of a neural translator; dev_bleu: of the
    model's own search, of a statistical one; dev_perplexity: of a language
    model, per piece; updates, minutes: of training, all sittings and phases together; checkpoints:
    how many were averaged; models: how many models were averaged; extrapolation: how far the
    average was taken from the start, 1 for the average itself.
    """

    dev_bleu_greedy: float | None = None
    dev_bleu: float | None = None
    dev_perplexity: float | None = None
    updates: int | None = None
    minutes: float | None = None
    checkpoints: int | None = None
    models: int | None = None
    extrapolation: float | None = None

    def known(self) -> dict[str, float]:
        """The scores that there are, by name."""
        return self.model_dump(exclude_none=True)


class ModelConfig(Facts):
    """What is common to the models of all engines; each engine adds its own in a subclass.

    Read as a `ModelConfig`, the keys of the engine are left unread.
    """

    model_config = ConfigDict(extra="ignore")

    ENGINE: ClassVar[str | None] = None
    """The engine that a subclass is for."""

    format: Literal["latimer-model/2"] = FORMAT
    engine: str
    """A name of `latimer.engines.registry.ENGINES`."""
    kind: ModelKind
    languages: Languages = Languages()
    data: DataFacts = DataFacts()
    scores: Scores = Scores()

    def as_json(self) -> dict[str, Any]:
        """The content of `config.json`; what is not known is left out of `data` and `scores`."""
        unknown = {
            section: getattr(self, section).model_dump(mode="json", exclude_none=True)
            for section in ("data", "scores")
        }
        return {**self.model_dump(mode="json"), **unknown}
