"""What a translation of one text must be like: its beginning, phrases, terms and length."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, Strict, model_validator
from pydantic_core import PydanticCustomError

from latimer.settings import Settings
from latimer.text.glossary import Glossary

MAX_LENGTH = 5000
"""Pieces of a translation at most."""
LengthLimit = Annotated[int, Field(ge=1, le=MAX_LENGTH)]


class LengthConstraints(Settings):
    """Constraints that a model may have by default; null stands for the model's own, or none."""

    min_length: int | None = Field(
        default=None, ge=0, lt=MAX_LENGTH, description="Pieces in a translation, at least."
    )
    max_length: int | None = Field(
        default=None,
        ge=1,
        le=MAX_LENGTH,
        description="Pieces in a translation with its end of sentence, at most; null: twice the "
        "source's and ten.",
    )
    no_repeat: int | None = Field(
        default=None, ge=1, description="Length of the n-grams of pieces that may not occur twice."
    )

    @model_validator(mode="after")
    def _check_lengths(self) -> LengthConstraints:
        low, high = self.min_length, self.max_length
        if low is not None and high is not None and low >= high:
            why = f"it does not fit into max_length {high}, which counts the end of sentence"
            raise PydanticCustomError("impossible", "{why}", {"key": "min_length", "why": why})
        return self


def _as_glossary(terms: Any) -> Any:
    return Glossary.of(terms) if isinstance(terms, Mapping) else terms


class Constraints(LengthConstraints):
    """Constraints on the translation of one text.

    Of a text that is translated in parts only the first part begins with `prefix`, and each holds
    the `phrases`. Terms of the `glossary` are required in the parts whose source holds them.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    prefix: str = Field(default="", description="Text that the translation begins with.")
    phrases: Annotated[tuple[str, ...], Strict(False)] = Field(
        default=(), description="Phrases that the translation must hold."
    )
    glossary: Annotated[Glossary | None, BeforeValidator(_as_glossary)] = Field(
        default=None,
        description="Source terms and target terms: where a text holds the one, its translation "
        "must hold the other.",
        json_schema_extra={"allowed": "a mapping of source terms to target terms, or null"},
    )

    def completed(self, defaults: LengthConstraints) -> Constraints:
        """These constraints, with those of `defaults` where they say nothing.

        Raises SettingError where the two do not go together.
        """
        missing = {
            name: value
            for name in LengthConstraints.model_fields
            if getattr(self, name) is None and (value := getattr(defaults, name)) is not None
        }
        return self.replace(**missing) if missing else self
