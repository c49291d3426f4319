"""Sections `data` and `subwords`: what to learn from, and the pieces it is cut into."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from latimer.recipe.section import Section, TextFile


class TextPair(Section):
    """Two text files, UTF-8, one sentence a line, line by line translations of one another."""

    source: TextFile | None = Field(
        default=None,
        description="File of source sentences, plain or `.gz`; a `language_model` reads none.",
    )
    target: TextFile = Field(
        description="File of their translations, line by line; of a `language_model`, its text."
    )


class Data(Section):
    """What to learn from. Paths are relative to the working directory."""

    train: TextPair = Field(description="Sentences to learn from.")
    dev: TextPair = Field(description="Sentences that choose the model; never learnt from.")
    test: TextPair | None = Field(
        default=None, description="Noted for the record; training never looks at it."
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
        description="Pieces in a vocabulary, at most; fewer when the text has fewer.",
    )
    joint: bool = Field(default=True, description="One vocabulary for both languages.")
    model: TextFile | None = Field(
        default=None,
        description="Folder of a model whose subwords are taken as they are, so that a language "
        "model and a translator can search together; null: learn them from the text.",
    )
    placeholders: bool = Field(
        default=True,
        description="Keep `{name}`, `%s`, tags and links whole, as slots that are copied.",
    )
