"""From the text files of a recipe to the data of a run: a vocabulary and tokenised corpora.

data/prepared.json      the fingerprint: checksums of the texts, settings
data/subwords*.model    the vocabulary
data/train.arrow, data/dev.arrow
data/lexicon.safetensors  probable translations of pieces; not for a language model
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from latimer.errors import InputError
from latimer.files import sha256_of, write_atomically
from latimer.formats.parallel import MonolingualText, ParallelText
from latimer.recipe import Recipe, TextPair
from latimer.text.corpus.tokenised import Row, TokenisedCorpus
from latimer.text.language import check_languages
from latimer.text.lexicon import Lexicon
from latimer.text.model1 import learn_lexicon
from latimer.text.vocabulary.vocabulary import Vocabulary

_FINGERPRINT, _LEXICON = "prepared.json", "lexicon.safetensors"
_CHUNK = 8192


def texts_of(files: TextPair, *, reads_source: bool) -> ParallelText | MonolingualText:
    """The texts that a network with or without an encoder learns from."""
    if not reads_source or files.source is None:
        return MonolingualText(files.target)
    return ParallelText(files.source, files.target)


@dataclass(frozen=True)
class Prepared:
    """The data of a run."""

    vocabulary: Vocabulary
    train: TokenisedCorpus
    dev: TokenisedCorpus
    dev_texts: list[tuple[str, str]]
    """Source and reference of every row of `dev`."""
    fingerprint: dict[str, Any]
    """Checksums of the texts and the settings that the data depend on."""
    lexicon: Lexicon | None = None
    """Of the training text; None for a language model."""
    too_long: Mapping[str, int] | None = None
    """Pairs of `train` and `dev` left out as they do not fit the network, if it has a limit."""


def prepare(recipe: Recipe, folder: Path, *, expected: dict[str, Any] | None = None) -> Prepared:
    """The data in `folder`; they are made if missing or made from other texts or settings.

    `expected` is the fingerprint of the run that is resumed: texts that have changed since are
    refused. Raises InputError naming the file or key that is wrong.
    """
    _check_languages(recipe)
    fingerprint = fingerprint_of(recipe)
    if expected is not None:
        _check_unchanged(recipe, fingerprint, expected)
    whole = all((folder / f"{part}.arrow").exists() for part in ("train", "dev"))
    if not whole or _stored(folder) != fingerprint:
        _make(recipe, folder, fingerprint)
    return open_prepared(recipe, folder, fingerprint)


def open_prepared(recipe: Recipe, folder: Path, fingerprint: dict[str, Any]) -> Prepared:
    """Read the data that `prepare` wrote to `folder`."""
    vocabulary, lexicon = Vocabulary.load(folder), None
    if recipe.model.reads_source:
        sizes = len(vocabulary.source), len(vocabulary.target)
        lexicon = Lexicon.load(folder / _LEXICON, *sizes)
    prepared = Prepared(
        vocabulary,
        TokenisedCorpus.open(folder / "train.arrow"),
        TokenisedCorpus.open(folder / "dev.arrow"),
        list(texts_of(recipe.data.dev, reads_source=recipe.model.reads_source)),
        fingerprint,
        lexicon,
    )
    longest = recipe.model.longest
    return prepared if longest is None else _fitting(prepared, recipe, longest)


def _fitting(prepared: Prepared, recipe: Recipe, longest: int) -> Prepared:
    """The pairs of which both sides have at most `longest` tokens, the end counted.

    Raises InputError when there are none in one of the texts.
    """
    rows, too_long = {}, {}
    for part, corpus in (("train", prepared.train), ("dev", prepared.dev)):
        most = np.maximum(corpus.source_lengths, corpus.target_lengths)
        rows[part] = np.flatnonzero(most + 1 <= longest)
        too_long[part] = len(corpus) - len(rows[part])
        if not len(rows[part]):
            path = getattr(recipe.data, part).target
            raise InputError(
                f"{path}: no pair of data.{part} fits into model.slots {longest}, which hold "
                f"{longest - 1} pieces and the end; the shortest needs {int(most.min()) + 1}"
            )
    return replace(
        prepared,
        train=prepared.train.part(rows["train"]),
        dev=prepared.dev.part(rows["dev"]),
        dev_texts=[prepared.dev_texts[row] for row in rows["dev"]],
        too_long=too_long,
    )


def fingerprint_of(recipe: Recipe) -> dict[str, Any]:
    """Checksums of the texts and all settings that the data depend on."""
    parts = {"train": recipe.data.train, "dev": recipe.data.dev}
    texts = {}
    for part, files in parts.items():
        if files.source is not None and recipe.model.reads_source:
            texts[f"{part}.source"] = files.source
        texts[f"{part}.target"] = files.target
    return {
        "format": "latimer-data/2",
        "texts": {key: _checksum(path) for key, path in texts.items()},
        "subwords": recipe.subwords.model_dump(mode="json", exclude_none=True),
        "seed": recipe.seed,
    }


def _checksum(path: Path) -> str:
    try:
        return sha256_of(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error


def _check_languages(recipe: Recipe) -> None:
    """Refuse equal languages of a translator; a recipe need not name them."""
    source, target = recipe.data.source_language, recipe.data.target_language
    if source and target and recipe.model.reads_source:
        check_languages(source, target, ("data.source_language", "data.target_language"))


def _check_unchanged(recipe: Recipe, found: dict[str, Any], expected: dict[str, Any]) -> None:
    for key, checksum in expected["texts"].items():
        if found["texts"].get(key) != checksum:
            part, side = key.split(".")
            path = getattr(getattr(recipe.data, part), side)
            raise InputError(
                f"{path}: not the text that this run was started with (data.{key}); "
                "put that back, or choose another folder for the run"
            )


def _stored(folder: Path) -> Any:
    try:
        return json.loads((folder / _FINGERPRINT).read_bytes())
    except (OSError, ValueError):
        return None


def _make(recipe: Recipe, folder: Path, fingerprint: dict[str, Any]) -> None:
    """Learn the vocabulary and tokenise; the fingerprint is written last and marks completeness."""
    (folder / _FINGERPRINT).unlink(missing_ok=True)
    for old in folder.glob("subwords*.model"):
        old.unlink()
    train, dev = (
        texts_of(files, reads_source=recipe.model.reads_source)
        for files in (recipe.data.train, recipe.data.dev)
    )
    for texts in (dev, train):  # raises for an empty text
        next(iter(texts))
    vocabulary = _vocabulary(recipe, train)
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary.save(folder)
    encode = vocabulary.encode_pairs if isinstance(train, ParallelText) else _alone(vocabulary)
    TokenisedCorpus.write(folder / "train.arrow", _encode(encode, train))
    TokenisedCorpus.write(folder / "dev.arrow", _encode(encode, dev))
    if isinstance(train, ParallelText):
        corpus = TokenisedCorpus.open(folder / "train.arrow")
        lexicon = learn_lexicon(corpus, len(vocabulary.source), len(vocabulary.target))
        write_atomically(folder / _LEXICON, lexicon.save)
    text = json.dumps(fingerprint, indent=1) + "\n"
    write_atomically(folder / _FINGERPRINT, lambda path: _write_text(path, text))


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _vocabulary(recipe: Recipe, train: ParallelText | MonolingualText) -> Vocabulary:
    """A vocabulary learnt from `train`, or that of the model in `subwords.model`."""
    settings = recipe.subwords
    if settings.model is not None:
        return _borrowed(settings.model, settings.joint, alone=isinstance(train, MonolingualText))
    if isinstance(train, MonolingualText):
        return Vocabulary.train_one(
            (text for _, text in train),
            kind=settings.kind,
            size=settings.size,
            placeholders=settings.placeholders,
            seed=recipe.seed,
        )
    return Vocabulary.train(
        train,
        kind=settings.kind,
        size=settings.size,
        joint=settings.joint,
        placeholders=settings.placeholders,
        seed=recipe.seed,
    )


def _borrowed(folder: Path, joint: bool, *, alone: bool) -> Vocabulary:
    """The vocabulary of a model folder; with `alone`, that of its target language."""
    found = Vocabulary.load(folder)
    if alone:
        return Vocabulary(found.target, found.target, found.placeholders)
    if found.joint != joint:
        shared = "one vocabulary for both languages" if found.joint else "one for each language"
        raise InputError(
            f"subwords.model: {folder} has {shared}, which does not go with subwords.joint "
            f"{str(joint).lower()}; set that to {str(found.joint).lower()}"
        )
    return found


Encode = Callable[[Sequence[tuple[str, str]]], Iterable[Row]]


def _alone(vocabulary: Vocabulary) -> Encode:
    """An encoder of texts without a source: the source of each row is empty."""

    def encode(pairs: Sequence[tuple[str, str]]) -> Iterable[Row]:
        return [([], pieces) for pieces in vocabulary.encode_targets([text for _, text in pairs])]

    return encode


def _encode(encode: Encode, pairs: Iterable[tuple[str, str]]) -> Iterator[Row]:
    iterator = iter(pairs)
    while chunk := list(islice(iterator, _CHUNK)):
        yield from encode(chunk)
