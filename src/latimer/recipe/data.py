"""Sections `data` and `subwords`: what to learn from, and the pieces it is cut into."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from latimer.recipe.section import Section, TextFile


class TextPair(Section):
    """Two text files, UTF-8, one sentence a line, line by line translations of one another."""

    source: TextFile | None = Field(
        default=None,
        description="File of source sentences, plain or `.gz`; not used by a `language_model`.",
    )
    target: TextFile = Field(
        description="File of their translations, line by line; the text of a `language_model`."
    )


class Data(Section):
    """What to learn from. Paths are relative to the working directory."""

    train: TextPair = Field(description="Training set.")
    dev: TextPair = Field(description="Development set: selects the model; never trained on.")
    test: TextPair | None = Field(
        default=None, description="Test set: only recorded; never read by training."
    )
    source_language: str = Field(
        default="", description="Code such as `en`; recorded in the model."
    )
    target_language: str = Field(
        default="", description="Code such as `de`; recorded in the model."
    )


class SubwordsSection(Section):
    """The pieces that sentences are cut into."""

    kind: Literal["bpe", "unigram", "char", "word"] = Field(
        default="bpe",
        description="How text is cut: subwords (`bpe`, `unigram`), characters or words.",
    )
    size: int = Field(
        default=8000,
        ge=8,
        le=1_000_000,
        description="Maximum vocabulary size; smaller when the text has fewer subwords.",
    )
    joint: bool = Field(default=True, description="One vocabulary for both languages.")
    model: TextFile | None = Field(
        default=None,
        description="Folder of a model whose vocabulary is used unchanged, for instance to combine "
        "a language model and a translator in search; null: learn one from the text.",
    )
    placeholders: bool = Field(
        default=True,
        description="Replace `{name}`, `%s`, tags and links by slots that are copied.",
    )
