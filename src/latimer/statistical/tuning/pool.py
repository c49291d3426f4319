"""Candidate translations of the development set, collected over rounds of decoding."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from latimer.compiled import compiled
from latimer.statistical.sentences import Sentences
from latimer.statistical.tuning.bleu import COLUMNS, Counts, Floats, Offsets, bleu_counts

Features = NDArray[np.float32]

_STEP = 1e-4
"""Features that differ by less are the same, unless they lie on two sides of a rounding."""


class NBest(NamedTuple):
    """The best candidates of each sentence, best first, as a decoder returns them.

    hypotheses: the token ids of all candidates, one sentence's after the other's;
    features: `[candidates, features]` float32, such that a candidate's score is the product with
    the weights; offsets: `[sentences + 1]` int64; sentence k has the candidates
    `offsets[k]:offsets[k + 1]`, at least one.
    """

    hypotheses: Sentences
    features: Features
    offsets: Offsets

    @classmethod
    def of(
        cls, lists: Iterable[Sequence[tuple[Sequence[int], Sequence[float] | NDArray[np.floating]]]]
    ) -> Self:
        """From a list of (token ids, features) for each sentence."""
        found = list(lists)
        sizes = np.array([len(one) for one in found], np.int64)
        rows = [candidate for one in found for candidate in one]
        features = np.array([values for _, values in rows], np.float32)
        return cls(Sentences.of([ids for ids, _ in rows]), features, offsets_of(sizes))


class NBestPool(NamedTuple):
    """Distinct candidates, one sentence's after the other's.

    features: `[candidates, features]` float32; counts: `[candidates, 10]` int32, BLEU's statistics;
    offsets: `[sentences + 1]` int64; sentence k has the candidates `offsets[k]:offsets[k + 1]`.
    """

    features: Features
    counts: Counts
    offsets: Offsets

    @classmethod
    def empty(cls, sentences: int, features: int) -> Self:
        """A pool without candidates."""
        return cls(
            np.zeros((0, features), np.float32),
            np.zeros((0, COLUMNS), np.int32),
            np.zeros(sentences + 1, np.int64),
        )

    @property
    def sentences(self) -> int:
        """How many sentences there are."""
        return len(self.offsets) - 1

    @property
    def candidates(self) -> int:
        """How many candidates there are of all sentences together."""
        return len(self.features)

    def adding(self, found: NBest, references: Sentences) -> Self:
        """This pool with the candidates it does not have yet, after those it has.

        Candidates of a sentence with equal features and equal statistics are one, whatever their
        words: no tuner could tell them apart.
        """
        of = np.repeat(np.arange(self.sentences), np.diff(found.offsets))
        return self._joined(found.features, bleu_counts(found.hypotheses, of, references), of)

    def _joined(self, features: Features, counts: Counts, of: Offsets) -> Self:
        sentences = np.concatenate([self.numbers(), of])
        all_features = np.concatenate([self.features, features.astype(np.float32)])
        all_counts = np.concatenate([self.counts, counts])
        _, first = np.unique(_hashes(all_features, all_counts, sentences), return_index=True)
        first.sort()
        kept = first[np.argsort(sentences[first], kind="stable")]
        sizes = np.bincount(sentences[kept], minlength=self.sentences)
        return type(self)(all_features[kept], all_counts[kept], offsets_of(sizes))

    def numbers(self) -> Offsets:
        """The number of each candidate's sentence, `[candidates]`."""
        return np.repeat(np.arange(self.sentences), np.diff(self.offsets))

    def of_sentences(self, chosen: NDArray[np.integer]) -> Self:
        """The pool of some sentences, in the order given; a sentence may be chosen repeatedly."""
        sizes = np.diff(self.offsets)[chosen]
        offsets = offsets_of(sizes)
        rows = np.arange(offsets[-1]) + np.repeat(self.offsets[:-1][chosen] - offsets[:-1], sizes)
        return type(self)(self.features[rows], self.counts[rows], offsets)

    def best(self, weights: Floats) -> Counts:
        """The statistics of each sentence's best candidate, `[sentences, 10]`; ties: the first."""
        return self.counts[_best(self.features @ weights, self.offsets)]


def offsets_of(sizes: NDArray[np.integer]) -> Offsets:
    """`[rows + 1]` int64: where each row begins, and the end of the last."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes, dtype=np.int64)])


@compiled
def _best(scores: Floats, offsets: Offsets) -> Offsets:
    """The row of the greatest score of each sentence."""
    best = np.empty(len(offsets) - 1, np.int64)
    for k in range(len(best)):
        best[k] = offsets[k] + np.argmax(scores[offsets[k] : offsets[k + 1]])
    return best


@compiled
def _hashes(features: Features, counts: Counts, sentences: Offsets) -> NDArray[np.uint64]:
    """64 bits for each row's sentence, rounded features and statistics.

    Two of a million unlike rows share them with a probability of 3e-8.
    """
    hashes = np.empty(len(sentences), np.uint64)
    for row in range(len(sentences)):
        value = np.uint64(sentences[row])
        for column in range(features.shape[1]):
            value = _mixed(value, np.int64(np.rint(features[row, column] / _STEP)))
        for column in range(counts.shape[1]):
            value = _mixed(value, np.int64(counts[row, column]))
        hashes[row] = value
    return hashes


@compiled
def _mixed(value: np.uint64, number: int) -> np.uint64:
    """One step of a hash: the finaliser of SplitMix64 (Steele et al. 2014)."""
    value = (value ^ np.uint64(number)) + np.uint64(0x9E3779B97F4A7C15)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))
