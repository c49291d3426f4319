"""What a translation memory alone would say: the translation of the nearest known source.

An index of character trigrams, which need no spaces between words, finds candidates. The edit
distance decides between them, as in the fuzzy matches of translation tools.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from latimer.formats.pair import Pair

Ints = NDArray[np.int64]

CANDIDATES = 16
"""Texts with the most trigrams in common, whose edit distance is taken."""
POSTINGS = 50_000
"""Entries of the index that are read for one query, those of the rarest trigrams first."""
LONGEST = 1_000
"""Characters at the beginning of a text that are compared; the work grows with their square."""

_BITS = 21
"""Of a Unicode character; three of them fit into 63 bits."""
_EDGE = 0x1FFFFF
"""No character: two of them stand before and behind each text."""


class Nearest(NamedTuple):
    """The known text that is most like a query."""

    number: int
    """Its place among the known texts."""
    similarity: float
    """1 − edit distance / length of the longer text, both in characters: 1 for the same text."""


class NearestText:
    """Finds among `texts` the one that is nearest to a query.

    Holds about 4 bytes for each character of the texts, and about 40 while it is made.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = list(texts)
        self._first: dict[str, int] = {}
        for number, text in enumerate(self._texts):
            self._first.setdefault(text, number)
        trigrams, rows = _distinct(*_trigrams(self._texts))
        self._sizes = np.bincount(rows, minlength=len(self._texts))
        self._rows = rows.astype(np.int32)
        self._trigrams, begins = np.unique(trigrams, return_index=True)
        self._bounds = np.append(begins, len(trigrams))

    def find(
        self, queries: Sequence[str], candidates: int = CANDIDATES, postings: int = POSTINGS
    ) -> list[Nearest | None]:
        """The nearest text to each query; None where no text shares a trigram with it.

        A text that equals the query is nearest; of equally near texts it is the first. Only the
        `candidates` with the greatest Dice coefficient of trigrams are compared character by
        character. Of a query with many common trigrams the rarest are looked up, as many as have
        `postings` entries in all, so that the time for one query is bounded.
        """
        found: dict[str, Nearest | None] = {}
        for query in dict.fromkeys(queries):
            same = self._first.get(query)
            if same is None:
                found[query] = self._nearest(query, candidates, postings)
            else:
                found[query] = Nearest(same, 1.0)
        return [found[query] for query in queries]

    def _nearest(self, query: str, candidates: int, postings: int) -> Nearest | None:
        numbers = self._candidates(np.unique(_trigrams([query])[0]), candidates, postings)
        if not len(numbers):
            return None
        texts = [self._texts[number] for number in numbers]
        lengths = [max(len(query[:LONGEST]), len(text[:LONGEST])) for text in texts]
        similarities = 1 - edit_distances(query, texts) / np.array(lengths)
        best = int(similarities.argmax())
        return Nearest(int(numbers[best]), float(similarities[best]))

    def _candidates(self, wanted: Ints, count: int, postings: int) -> Ints:
        """The texts that have most in common with trigrams `wanted`, each once; in their order."""
        if not len(self._trigrams):
            return np.empty(0, np.int64)
        places = np.searchsorted(self._trigrams, wanted).clip(max=len(self._trigrams) - 1)
        places = places[self._trigrams[places] == wanted]
        frequencies = self._bounds[places + 1] - self._bounds[places]
        rarest = np.argsort(frequencies, kind="stable")
        enough = int(np.searchsorted(frequencies[rarest].cumsum(), postings, side="right"))
        read = [
            self._rows[self._bounds[place] : self._bounds[place + 1]]
            for place in places[rarest[: max(1, enough)]]
        ]
        if not read:
            return np.empty(0, np.int64)
        shared = np.bincount(np.concatenate(read))
        alike = np.flatnonzero(shared)
        return alike[_greatest(2 * shared[alike] / (self._sizes[alike] + len(wanted)), count)]


class TranslationMemory:
    """Translates by looking up: the target of the pair whose source is nearest."""

    def __init__(self, pairs: Sequence[Pair]) -> None:
        self._targets = [pair.target for pair in pairs]
        self._sources = NearestText([pair.source for pair in pairs])

    def translate(self, sources: Sequence[str]) -> list[str]:
        """A target for each source, the empty text where nothing is alike."""
        nearest = self._sources.find(sources)
        return [self._targets[found.number] if found else "" for found in nearest]


def edit_distances(query: str, texts: Sequence[str]) -> Ints:
    """Levenshtein distances in characters from `query` to each text, `[texts]`.

    Of all of them the first LONGEST characters are compared. All rows of the table are made at
    once, a column for each prefix of a text (Wagner & Fischer 1974).
    """
    written = _characters(query[:LONGEST])
    cut = [text[:LONGEST] for text in texts]
    lengths = np.array([len(text) for text in cut], dtype=np.int64)
    columns = np.arange(lengths.max(initial=0) + 1, dtype=np.int32)
    characters = np.full((len(cut), len(columns) - 1), _EDGE, dtype=np.int64)
    characters[columns[:-1] < lengths[:, None]] = _characters("".join(cut))
    # Insertions cost what a column is further to the right: less that, they are a running minimum.
    row = np.zeros((len(cut), len(columns)), dtype=np.int32)
    for number, character in enumerate(written, start=1):
        kept = row[:, :-1] - (characters == character)
        row[:, 1:] = np.minimum(row[:, 1:] + 1, kept)
        row[:, 0] = number
        np.minimum.accumulate(row, axis=1, out=row)
    return (row + columns)[np.arange(len(cut)), lengths].astype(np.int64)


def _greatest(values: NDArray[np.float64], count: int) -> Ints:
    """Places of the `count` greatest values, in order; of equal ones the first."""
    if count >= len(values):
        return np.arange(len(values))
    least = np.partition(values, len(values) - count)[len(values) - count]
    above = np.flatnonzero(values > least)
    level = np.flatnonzero(values == least)[: count - len(above)]
    return np.sort(np.concatenate([above, level]))


def _trigrams(texts: Sequence[str]) -> tuple[Ints, Ints]:
    """All trigrams of the texts as whole numbers, and the number of the text of each."""
    lengths = np.array([len(text) + 4 for text in texts], dtype=np.int64)
    rows = np.repeat(np.arange(len(texts)), lengths)
    places = np.arange(len(rows)) - np.repeat(lengths.cumsum() - lengths, lengths)
    inside = (places >= 2) & (places < np.repeat(lengths, lengths) - 2)
    characters = np.full(len(rows), _EDGE, dtype=np.int64)
    characters[inside] = _characters("".join(texts))
    # Neither of the last two of a text begins a trigram of its own.
    begins = np.flatnonzero(places < np.repeat(lengths, lengths) - 2)
    first, second, third = (characters[begins + k] for k in range(3))
    return first << 2 * _BITS | second << _BITS | third, rows[begins]


def _distinct(trigrams: Ints, rows: Ints) -> tuple[Ints, Ints]:
    """Each trigram of each text once, sorted by trigram and then by text."""
    order = np.argsort(trigrams, kind="stable")  # rows stay in their order
    trigrams, rows = trigrams[order], rows[order]
    new = np.ones(len(rows), dtype=np.bool_)
    new[1:] = (trigrams[1:] != trigrams[:-1]) | (rows[1:] != rows[:-1])
    return trigrams[new], rows[new]


def _characters(text: str) -> Ints:
    """The code points of `text`."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.int64)
