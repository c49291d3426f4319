"""One language of a statistical model: how its text becomes token ids, and back."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from latimer.errors import InputError
from latimer.metrics.corpus_scores import written_without_spaces
from latimer.model.reading import unreadable
from latimer.statistical.array_files import refuse
from latimer.statistical.tokens import words
from latimer.statistical.tokens.casing import Casing, begins_large, enlarged
from latimer.text.vocabulary.subwords import Subwords

Kind = Literal["words", "pieces"]

PIECES = 8000
"""Size of a vocabulary of pieces, at most."""


class Tokens(NamedTuple):
    """A text in tokens: as they are written, and their ids, -1 for unknown ones.

    large: whether the text begins with a capital letter that truecasing has taken away.
    """

    written: list[str]
    ids: list[int]
    large: bool


class Side:
    """Splits text into tokens, numbers them, and makes text of tokens."""

    def __init__(
        self, vocabulary: Sequence[str], casing: Casing | None, pieces: Subwords | None
    ) -> None:
        """`casing` for words, `pieces` for a language written without spaces."""
        self.vocabulary = list(vocabulary)
        self.casing, self.pieces = casing, pieces
        self._ids = {token: number for number, token in enumerate(self.vocabulary)}

    @classmethod
    def learn(cls, texts: Sequence[str], language: str, kind: Kind | None = None) -> Side:
        """From masked texts; `kind` is by default what suits the language.

        Raises InputError when there is no text.
        """
        kind = kind or ("pieces" if written_without_spaces(language) else "words")
        if kind == "pieces":
            pieces = Subwords.train(texts, size=PIECES, kind="unigram")
            side = cls([], None, pieces)
            lines = (pieces.surfaces(text) for text in texts)
        else:
            split = [words.split(text) for text in texts]
            side = cls([], Casing.learn(split), None)
            lines = (side._usual(tokens) for tokens in split)
        counts = Counter(token for tokens in lines for token in tokens)
        if not counts:
            raise InputError("no text to learn from: the corpus has no words")
        return cls([token for token, _ in counts.most_common()], side.casing, side.pieces)

    def __len__(self) -> int:
        """Number of tokens."""
        return len(self.vocabulary)

    def split(self, text: str) -> list[str]:
        """The tokens of a text, in their usual case."""
        return self._usual(self._written(text))

    def encode(self, text: str) -> Tokens:
        """The tokens of a text; one that is unknown as it is written counts in lower case."""
        written = self._written(text)
        large = self.casing is not None and begins_large(written)
        usual = self._usual(written)
        return Tokens(usual, [self.id(token) for token in usual], large)

    def id(self, token: str) -> int:
        """The id of a token, or of its usual form or lower case, or -1."""
        found = self._ids.get(token, -1)
        if found < 0 and self.casing is not None and words.is_word(token):
            lower = token.lower()
            found = self._ids.get(self.casing.forms.get(lower, lower), -1)
        return found

    def exact_id(self, token: str) -> int:
        """The id of a token as it is written, or -1."""
        return self._ids.get(token, -1)

    def verbatim(self, text: str) -> list[str]:
        """The tokens of a text, in the case in which they are written."""
        return self._written(text)

    def join(self, tokens: Sequence[str], *, large: bool = False) -> str:
        """The text of some tokens; `large` gives sentences capital letters."""
        if self.pieces is not None:
            return "".join(tokens).replace("▁", " ").strip()
        return words.join(enlarged(tokens) if large else tokens)

    def save(self, folder: Path, name: str) -> None:
        """Write `NAME.json`, and `NAME.model` for pieces, into a model folder."""
        entries = {
            "tokens": self.vocabulary,
            "casing": None if self.casing is None else list(self.casing.forms.values()),
        }
        text = json.dumps(entries, ensure_ascii=False, indent=0) + "\n"
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
        if self.pieces is not None:
            self.pieces.save(folder / f"{name}.model")

    @classmethod
    def load(cls, folder: Path, name: str) -> Side:
        """Read what `save` wrote; raises InputError naming a damaged file."""
        path = folder / f"{name}.json"
        entries = _read(path)
        tokens, forms = entries.get("tokens"), entries.get("casing")
        if not _texts(tokens) or len(set(tokens)) != len(tokens):
            raise refuse(path, "tokens is no list of distinct texts")
        if forms is not None and not _texts(forms):
            raise refuse(path, "casing is no list of texts")
        pieces = Subwords.load(folder / f"{name}.model") if forms is None else None
        return cls(tokens, None if forms is None else Casing(forms), pieces)

    def _written(self, text: str) -> list[str]:
        return words.split(text) if self.pieces is None else self.pieces.surfaces(text)

    def _usual(self, tokens: Iterable[str]) -> list[str]:
        return list(tokens) if self.casing is None else self.casing.usual(list(tokens))


def _read(path: Path) -> dict[str, Any]:
    try:
        entries = json.loads(path.read_bytes())
    except OSError as error:
        raise unreadable(path, error) from error
    except (ValueError, RecursionError) as error:
        raise refuse(path, f"not JSON ({error})") from error
    if not isinstance(entries, dict):
        raise refuse(path, "not a vocabulary")
    return entries


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)
