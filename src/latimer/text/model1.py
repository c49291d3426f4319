"""Learning a lexicon of pieces by IBM model 1 with a diagonal prior (Dyer et al. 2013).

Every target piece of a sentence pair is written by one of the source pieces or by none of them
(NULL, with probability `NULL`): the more probably the nearer the two lie to the diagonal, in
proportion to exp(−TENSION |i/m − j/n|) for place j of n in the source and place i of m in the
target, counted from 0. Expectation maximisation finds the probabilities t(target | source) that
make the corpus most probable (Brown et al. 1993, section 4.2). In its first rounds all places are
alike, and they stay so where the diagonal makes the corpus less probable than that, as between
languages of reversed word order.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from latimer.errors import InputError
from latimer.text.corpus.tokenised import TokenisedCorpus
from latimer.text.lexicon import LIKELY, Ints, Lexicon
from latimer.text.vocabulary.subwords import EOS
from latimer.text.vocabulary.vocabulary import Vocabulary

Floats = npt.NDArray[np.float64]

ROUNDS, EVEN = 6, 2
"""Of expectation maximisation, and how many of them know nothing of places."""
NULL, TENSION = 0.08, 4.0
LINKS = 8_000_000
"""Pairs of a source and a target piece looked at; of a larger corpus, sentences at even steps."""
FREQUENT = 2000


class _Links(NamedTuple):
    """Pairs of pieces that stand in one sentence pair, `[links]`; NULL is `source_vocab`.

    places: which target position of the corpus a link belongs to; prior: how probable its place
    is; kinds: which pair of `sources` and `targets`, both `[kinds]`, it is.
    """

    places: npt.NDArray[np.int64]
    prior: Floats
    kinds: npt.NDArray[np.int64]
    sources: npt.NDArray[np.int64]
    targets: npt.NDArray[np.int64]


def learn_lexicon(corpus: TokenisedCorpus, source_vocab: int, target_vocab: int) -> Lexicon:
    """The lexicon of a corpus whose piece ids are below the sizes of its vocabularies."""
    counts = np.zeros(target_vocab, np.int64)
    links = _links(corpus, source_vocab, target_vocab, counts)
    chances = _maximise(links, source_vocab + 1)
    frequent = np.argsort(-counts, kind="stable")[:FREQUENT]
    frequent = frequent[counts[frequent] > 0]
    return Lexicon(*_best(links, chances, source_vocab), frequent.astype(np.int32))


def lexicon_of_texts(vocabulary: Vocabulary, pairs: Iterable[tuple[str, str]]) -> Lexicon:
    """The lexicon of (source, target) texts; raises InputError when there are none."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "pairs.arrow"
        chunks = iter(pairs)
        rows = (
            row
            for chunk in iter(lambda: list(islice(chunks, 8192)), [])
            for row in vocabulary.encode_pairs(chunk)
        )
        if not TokenisedCorpus.write(path, rows):
            raise InputError("no sentence pairs to learn a shortlist from")
        corpus = TokenisedCorpus.open(path)
        return learn_lexicon(corpus, len(vocabulary.source), len(vocabulary.target))


def _links(
    corpus: TokenisedCorpus, source_vocab: int, target_vocab: int, counts: npt.NDArray[np.int64]
) -> _Links:
    """The links of the corpus; `counts [target_vocab]` is told how often each piece occurs."""
    total = ((corpus.source_lengths.astype(np.int64) + 1) * corpus.target_lengths).sum()
    keys, places, priors, written = [], [], [], 0
    for row in range(0, len(corpus), int(total // LINKS) + 1):
        source, target = corpus.row(row)
        np.add.at(counts, target, 1)
        beginnings = np.append(source, source_vocab).astype(np.int64) * target_vocab
        keys.append((target[:, None] + beginnings).ravel())
        places.append(np.repeat(np.arange(written, written + len(target)), len(beginnings)))
        priors.append(diagonal(len(source), len(target)).ravel())
        written += len(target)
    empty = [np.empty(0, np.int64)]
    kinds, which = np.unique(np.concatenate(keys or empty), return_inverse=True)
    sources, targets = np.divmod(kinds, target_vocab)
    prior = np.concatenate(priors or [np.empty(0)])
    return _Links(np.concatenate(places or empty), prior, which, sources, targets)


def diagonal(source: int, target: int) -> Floats:
    """The probability of each place of the source, NULL last, `[target, source + 1]`."""
    i, j = np.arange(target)[:, None] / max(target, 1), np.arange(source) / max(source, 1)
    near = np.exp(-TENSION * np.abs(i - j))
    if not source:
        return np.ones((target, 1))
    near *= (1 - NULL) / near.sum(1, keepdims=True)
    return np.concatenate([near, np.full((target, 1), NULL)], 1)


def _maximise(links: _Links, sources: int) -> Floats:
    """t(target | source) `[kinds]` after some rounds of expectation maximisation."""
    chances: Floats = np.ones(len(links.sources))
    prior: Floats | float = 1.0
    for number in range(ROUNDS):
        if number == EVEN and _fits(links, chances):
            prior = links.prior
        each = chances[links.kinds] * prior
        each /= np.bincount(links.places, each)[links.places]
        chances = np.bincount(links.kinds, each, minlength=len(chances)).astype(np.float64)
        chances /= np.bincount(links.sources, chances, minlength=sources)[links.sources]
    return chances


def _fits(links: _Links, chances: Floats) -> bool:
    """Whether the corpus is more probable with the prior of places than if all are alike."""
    each = chances[links.kinds]
    near = np.bincount(links.places, each * links.prior)
    even = np.bincount(links.places, each) / np.bincount(links.places)
    return bool(np.log(near).sum() > np.log(even).sum())


def _best(
    links: _Links, chances: Floats, source_vocab: int
) -> tuple[Ints, npt.NDArray[np.float32]]:
    """The most probable targets of each source piece, best first, and their probabilities.

    `[source_vocab, LIKELY]` both.
    """
    order = np.lexsort((links.targets, -chances, links.sources))
    sources, targets = links.sources[order], links.targets[order]
    ranks = np.arange(len(sources)) - np.searchsorted(sources, sources)
    kept = (ranks < LIKELY) & (sources < source_vocab) & (targets > EOS)
    likely = np.full((source_vocab, LIKELY), -1, np.int32)
    likely[sources[kept], ranks[kept]] = targets[kept]
    probable = np.zeros(likely.shape, np.float32)
    probable[sources[kept], ranks[kept]] = np.minimum(chances[order][kept], 1)
    return likely, probable
