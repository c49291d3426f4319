"""From the text files of a recipe to what training reads: a vocabulary and tokenised corpora.

data/prepared.json      what the rest was made from: checksums of the texts, settings
data/subwords*.model    the vocabulary
data/train.arrow, data/dev.arrow
data/lexicon.safetensors  which pieces translate which; not of a language model
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any

from latimer.errors import InputError
from latimer.files import read_lines, write_atomically
from latimer.recipe import Recipe, TextPair
from latimer.text.corpus.tokenised import Row, TokenisedCorpus
from latimer.text.lexicon import Lexicon
from latimer.text.model1 import learn_lexicon
from latimer.text.vocabulary.vocabulary import Vocabulary

_FINGERPRINT, _LEXICON = "prepared.json", "lexicon.safetensors"
_CHUNK = 8192


class TextPairs:
    """Lines of two files side by side; can be iterated again and again, and is never in memory."""

    def __init__(self, source: Path, target: Path) -> None:
        self.source = source
        self.target = target

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Pairs (source, target) of which neither side is blank.

        Raises InputError for files of unequal length, and as `read_lines` does.
        """
        lines = zip_longest(read_lines(self.source), read_lines(self.target))
        for number, (source, target) in enumerate(lines):
            if source is None or target is None:
                raise self._unequal(number, lines)
            if source.strip() and target.strip():
                yield source, target

    def _unequal(self, number: int, rest: Iterable[tuple[str | None, str | None]]) -> InputError:
        longer, shorter = sum(1 for _ in rest) + number + 1, number
        if sum(1 for _ in read_lines(self.source)) == longer:
            counts = f"{self.source} has {longer:,} lines but {self.target} has {shorter:,}"
        else:
            counts = f"{self.source} has {shorter:,} lines but {self.target} has {longer:,}"
        return InputError(f"{counts}; line k of one must be the translation of line k of the other")


class OneSide:
    """The lines of one file, for a language model; each with a source that is empty."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Pairs ("", line) of all lines that are not blank; raises InputError as `read_lines`."""
        return (("", line) for line in read_lines(self.target) if line.strip())


def texts_of(files: TextPair, kind: str) -> TextPairs | OneSide:
    """What a network of this kind (`model.kind`) reads of `files`."""
    if kind == "language_model" or files.source is None:
        return OneSide(files.target)
    return TextPairs(files.source, files.target)


@dataclass(frozen=True)
class Prepared:
    """What training reads."""

    vocabulary: Vocabulary
    train: TokenisedCorpus
    dev: TokenisedCorpus
    dev_texts: list[tuple[str, str]]
    """Source and reference of every row of `dev`."""
    fingerprint: dict[str, Any]
    """What all this was made from."""
    lexicon: Lexicon | None = None
    """Of the text learnt from; a language model has none."""


def prepare(recipe: Recipe, folder: Path, *, expected: dict[str, Any] | None = None) -> Prepared:
    """Make or reuse what is in `folder`; what was made from other texts or settings is made anew.

    `expected` is the fingerprint that a run began with: texts that have changed since then are
    refused. Raises InputError naming the file that is wrong.
    """
    fingerprint = fingerprint_of(recipe)
    if expected is not None:
        _check_unchanged(recipe, fingerprint, expected)
    whole = all((folder / f"{part}.arrow").exists() for part in ("train", "dev"))
    if not whole or _stored(folder) != fingerprint:
        _make(recipe, folder, fingerprint)
    return open_prepared(recipe, folder, fingerprint)


def open_prepared(recipe: Recipe, folder: Path, fingerprint: dict[str, Any]) -> Prepared:
    """Read what `prepare` made."""
    vocabulary, lexicon = Vocabulary.load(folder), None
    if recipe.model.kind == "translator":
        sizes = len(vocabulary.source), len(vocabulary.target)
        lexicon = Lexicon.load(folder / _LEXICON, *sizes)
    return Prepared(
        vocabulary,
        TokenisedCorpus.open(folder / "train.arrow"),
        TokenisedCorpus.open(folder / "dev.arrow"),
        list(texts_of(recipe.data.dev, recipe.model.kind)),
        fingerprint,
        lexicon,
    )


def fingerprint_of(recipe: Recipe) -> dict[str, Any]:
    """Checksums of the texts and every setting that the prepared data depend on."""
    parts = {"train": recipe.data.train, "dev": recipe.data.dev}
    texts = {}
    for part, files in parts.items():
        if files.source is not None and recipe.model.kind == "translator":
            texts[f"{part}.source"] = files.source
        texts[f"{part}.target"] = files.target
    return {
        "format": "latimer-data/2",
        "texts": {key: _sha256(path) for key, path in texts.items()},
        "subwords": recipe.subwords.model_dump(mode="json", exclude_none=True),
        "seed": recipe.seed,
    }


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error


def _check_unchanged(recipe: Recipe, found: dict[str, Any], expected: dict[str, Any]) -> None:
    for key, checksum in expected["texts"].items():
        if found["texts"].get(key) != checksum:
            part, side = key.split(".")
            path = getattr(getattr(recipe.data, part), side)
            raise InputError(
                f"{path}: not the text that this run began with (data.{key}); "
                "put that back, or choose another --run folder"
            )


def _stored(folder: Path) -> Any:
    try:
        return json.loads((folder / _FINGERPRINT).read_bytes())
    except (OSError, ValueError):
        return None


def _make(recipe: Recipe, folder: Path, fingerprint: dict[str, Any]) -> None:
    """Learn the vocabulary and tokenise; the fingerprint comes last and says that all is there."""
    (folder / _FINGERPRINT).unlink(missing_ok=True)
    for old in folder.glob("subwords*.model"):
        old.unlink()
    kind = recipe.model.kind
    train, dev = texts_of(recipe.data.train, kind), texts_of(recipe.data.dev, kind)
    for texts in (dev, train):  # refuse either before the work begins
        if not any(True for _ in texts):
            raise InputError(_nothing_in(texts))
    vocabulary = _vocabulary(recipe, train)
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary.save(folder)
    encode = vocabulary.encode_pairs if isinstance(train, TextPairs) else _alone(vocabulary)
    TokenisedCorpus.write(folder / "train.arrow", _encode(encode, train))
    TokenisedCorpus.write(folder / "dev.arrow", _encode(encode, dev))
    if isinstance(train, TextPairs):
        corpus = TokenisedCorpus.open(folder / "train.arrow")
        lexicon = learn_lexicon(corpus, len(vocabulary.source), len(vocabulary.target))
        write_atomically(folder / _LEXICON, lexicon.save)
    text = json.dumps(fingerprint, indent=1) + "\n"
    write_atomically(folder / _FINGERPRINT, lambda path: _write_text(path, text))


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _nothing_in(texts: TextPairs | OneSide) -> str:
    if isinstance(texts, OneSide):
        return f"{texts.target}: no text; nothing to do"
    return f"{texts.source}, {texts.target}: no sentence pairs; nothing to do"


def _vocabulary(recipe: Recipe, train: TextPairs | OneSide) -> Vocabulary:
    """The vocabulary learnt from `train`, or that of the model that the recipe names."""
    settings = recipe.subwords
    if settings.model is not None:
        return _borrowed(settings.model, settings.joint, alone=isinstance(train, OneSide))
    if isinstance(train, OneSide):
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
    """The subwords of a model folder, of its target alone if there is no source."""
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
    """Rows with a source that has no pieces."""

    def encode(pairs: Sequence[tuple[str, str]]) -> Iterable[Row]:
        return [([], pieces) for pieces in vocabulary.encode_targets([text for _, text in pairs])]

    return encode


def _encode(encode: Encode, pairs: Iterable[tuple[str, str]]) -> Iterator[Row]:
    iterator = iter(pairs)
    while chunk := list(islice(iterator, _CHUNK)):
        yield from encode(chunk)
