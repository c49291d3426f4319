"""From the text files of a recipe to what training reads: a vocabulary and tokenised corpora.

data/prepared.json      what the rest was made from: checksums of the texts, settings
data/subwords*.model    the vocabulary
data/train.arrow, data/dev.arrow
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any

from latimer.errors import InputError
from latimer.files import read_lines, write_atomically
from latimer.recipe import Recipe
from latimer.text.tokenised import Row, TokenisedCorpus
from latimer.text.vocabulary import Vocabulary

_FINGERPRINT = "prepared.json"
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


def prepare(recipe: Recipe, folder: Path, *, expected: dict[str, Any] | None = None) -> Prepared:
    """Make or reuse what is in `folder`; what was made from other texts or settings is made anew.

    `expected` is the fingerprint that a run began with: texts that have changed since then are
    refused. Raises InputError naming the file that is wrong.
    """
    fingerprint = fingerprint_of(recipe)
    if expected is not None:
        _check_unchanged(recipe, fingerprint, expected)
    if _stored(folder) != fingerprint:
        _make(recipe, folder, fingerprint)
    return open_prepared(recipe, folder, fingerprint)


def open_prepared(recipe: Recipe, folder: Path, fingerprint: dict[str, Any]) -> Prepared:
    """Read what `prepare` made."""
    return Prepared(
        Vocabulary.load(folder),
        TokenisedCorpus.open(folder / "train.arrow"),
        TokenisedCorpus.open(folder / "dev.arrow"),
        list(TextPairs(recipe.data.dev.source, recipe.data.dev.target)),
        fingerprint,
    )


def fingerprint_of(recipe: Recipe) -> dict[str, Any]:
    """Checksums of the texts and every setting that the prepared data depend on."""
    data = recipe.data
    texts = {
        "train.source": data.train.source,
        "train.target": data.train.target,
        "dev.source": data.dev.source,
        "dev.target": data.dev.target,
    }
    return {
        "format": "latimer-data/1",
        "texts": {key: _sha256(path) for key, path in texts.items()},
        "subwords": recipe.subwords.model_dump(mode="json"),
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
        if found["texts"][key] != checksum:
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
    train = TextPairs(recipe.data.train.source, recipe.data.train.target)
    dev = TextPairs(recipe.data.dev.source, recipe.data.dev.target)
    for pairs in (dev, train):  # refuse either before the work begins
        if not any(True for _ in pairs):
            raise InputError(f"{pairs.source}, {pairs.target}: no sentence pairs; nothing to do")
    settings = recipe.subwords
    vocabulary = Vocabulary.train(
        train,
        kind=settings.kind,
        size=settings.size,
        joint=settings.joint,
        placeholders=settings.placeholders,
        seed=recipe.seed,
    )
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary.save(folder)
    TokenisedCorpus.write(folder / "train.arrow", _encode(vocabulary, train))
    TokenisedCorpus.write(folder / "dev.arrow", _encode(vocabulary, dev))
    text = json.dumps(fingerprint, indent=1) + "\n"
    write_atomically(folder / _FINGERPRINT, lambda path: _write_text(path, text))


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _encode(vocabulary: Vocabulary, pairs: Iterable[tuple[str, str]]) -> Iterator[Row]:
    iterator = iter(pairs)
    while chunk := list(islice(iterator, _CHUNK)):
        yield from vocabulary.encode_pairs(chunk)
