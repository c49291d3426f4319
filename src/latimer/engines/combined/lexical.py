"""Lexical probabilities of any text as the translation of any other, by IBM model 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from latimer.statistical.arrays import Floats
from latimer.statistical.phrases.phrase_table import PhraseTable
from latimer.statistical.tokens.side import Side

UNEXPLAINED = 1e-3
"""The probability of a word that no word of the other side explains."""


class Pair(NamedTuple):
    """p(target word | source word) and the other way round."""

    target: float
    source: float


class Lexicon:
    """Translation probabilities of single words: the phrase table's options of one word for one.

    A word that stands on both sides translates itself with probability 1: placeholders, names and
    numbers do.
    """

    def __init__(self, table: PhraseTable, source: Side, target: Side) -> None:
        self._pairs = _single_words(table)
        self._source, self._target = source, target

    def scores(self, source: Sequence[str], texts: Sequence[Sequence[str]]) -> Floats:
        """`[texts, 2]`: ln p(text | source) and ln p(source | text), of tokens.

        p = Π_j (u + Σ_i p(t_j | s_i)) / (I + 1), with u = `UNEXPLAINED` in the place of the empty
        word, and likewise the other way (Brown et al. 1993, equation 15).
        """
        words = list(dict.fromkeys(word for text in texts for word in text))
        column = {word: number for number, word in enumerate(words)}
        forward, backward = self._tables(source, words)
        found = np.zeros((len(texts), 2))
        for row, text in enumerate(texts):
            chosen = [column[word] for word in text]
            explained = forward[:, chosen].sum(0), backward[:, chosen].sum(1)
            for side, (sums, others) in enumerate(
                zip(explained, (len(source), len(text)), strict=True)
            ):
                found[row, side] = np.log((UNEXPLAINED + sums) / (others + 1)).sum()
        return found

    def _tables(self, source: Sequence[str], words: Sequence[str]) -> tuple[Floats, Floats]:
        """P(word | source word) and p(source word | word), each `[source words, words]`."""
        forward, backward = np.zeros((2, len(source), len(words)))
        columns = [self._target.id(word) for word in words]
        for row, one in enumerate(source):
            options = self._pairs.get(self._source.id(one), {})
            for place, (word, number) in enumerate(zip(words, columns, strict=True)):
                pair = Pair(1.0, 1.0) if word == one else options.get(number)
                if pair is not None:
                    forward[row, place], backward[row, place] = pair
        return forward, backward


def _single_words(table: PhraseTable) -> dict[int, dict[int, Pair]]:
    """By source token and target token."""
    found: dict[int, dict[int, Pair]] = {}
    lengths = np.diff(table.target_offsets)
    for row in np.flatnonzero(np.diff(table.source_offsets) == 1).tolist():
        options = np.arange(table.first[row], table.first[row + 1])
        options = options[lengths[options] == 1]
        tokens = table.target_tokens[table.target_offsets[options]]
        given = np.exp(table.scores[options, :2].astype(np.float64))
        pairs = (Pair(*one) for one in given.tolist())
        source = int(table.source_tokens[table.source_offsets[row]])
        found[source] = dict(zip(tokens.tolist(), pairs, strict=True))
    return found
