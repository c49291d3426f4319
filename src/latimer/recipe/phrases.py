"""A recipe of a phrase-based model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from latimer.recipe.data import Data
from latimer.recipe.section import Section, impossible
from latimer.search.reading import SearchSection
from latimer.search.strategies import Search, Stack
from latimer.statistical.alignment.settings import AlignmentSettings
from latimer.statistical.phrases.settings import PhraseSettings
from latimer.statistical.tuning.settings import TuningSettings

TokenKind = Literal["auto", "words", "pieces"]
ModelKind = Literal["log_linear", "noisy_channel_phrases", "noisy_channel_words", "word_for_word"]


class TokensSection(Section):
    """What is counted."""

    source: TokenKind = Field(
        default="auto",
        description="Tokens of the source: words, or subword pieces; `auto`: pieces for languages "
        "written without spaces.",
    )
    target: TokenKind = Field(default="auto", description="Tokens of the target.")


class PhraseModelSection(Section):
    """The kind of model."""

    kind: ModelKind = Field(
        default="log_linear",
        description="`word_for_word`: the most probable translation of each word; "
        "`noisy_channel_words`: p(target) · p(source | target), word by word; "
        "`noisy_channel_phrases`: the same, phrase by phrase; `log_linear`: all features of "
        "phrases, weighted.",
    )


class LanguageModelSection(Section):
    """The n-gram language model."""

    order: int = Field(default=5, ge=1, le=9, description="Words of the longest n-grams.")
    least: Annotated[int, Field(ge=1)] = Field(
        default=1,
        description="N-grams of four words and more must occur so often in the training text.",
    )


class PhrasesRecipe(Section):
    """A whole run."""

    engine: Literal["phrases"] = Field(
        default="phrases", description="What the model is: tables of phrases."
    )
    seed: int = Field(
        default=1, ge=0, le=2**32 - 1, description="Random seed; the same seed gives the same run."
    )
    data: Data
    tokens: TokensSection = TokensSection()
    model: PhraseModelSection = PhraseModelSection()
    alignment: AlignmentSettings = AlignmentSettings()
    phrases: PhraseSettings = PhraseSettings()
    language_model: LanguageModelSection = LanguageModelSection()
    tuning: TuningSettings = TuningSettings()
    search: SearchSection = Stack()

    @field_validator("search", mode="before")
    @classmethod
    def _usually_stack(cls, search: Any) -> Any:
        return {"kind": "stack", **search} if isinstance(search, Mapping) else search

    @field_validator("search")
    @classmethod
    def _only_stack(cls, search: Search) -> Search:
        if not isinstance(search, Stack):
            raise impossible("search.kind", f"{search.kind!r} is for networks; take stack")
        return search

    @field_validator("data")
    @classmethod
    def _both_sides(cls, data: Data) -> Data:
        for part, pair in (("train", data.train), ("dev", data.dev)):
            if pair.source is None:
                raise PydanticCustomError("missing", "", {"key": f"data.{part}.source"})
        return data
