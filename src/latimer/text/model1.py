"""A lexicon of pieces estimated by IBM model 1 with a diagonal prior (Dyer et al. 2013).

Every target piece of a sentence pair is aligned to one source piece or to NULL (with probability
`NULL`). The prior probability of an alignment is proportional to exp(−TENSION |i/m − j/n|) for
position j of n in the source and position i of m in the target, counted from 0. Expectation
maximisation estimates t(target | source) (Brown et al. 1993, section 4.2). The first rounds use a
uniform prior, and so do the later ones where the diagonal prior gives the corpus a lower
likelihood, as between languages of reversed word order.
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

ROUNDS, UNIFORM = 6, 2
"""Rounds of expectation maximisation, and how many of them use the uniform prior."""
NULL, TENSION = 0.08, 4.0
LINKS = 8_000_000
"""Maximum number of links; from a larger corpus sentences are taken at regular intervals."""
FREQUENT = 2000


class _Links(NamedTuple):
    """Pairs of a source and a target piece of the same sentence pair, `[links]`.

    places: the target position in the corpus; prior: the diagonal prior of the alignment; kinds:
    the index of the pair of pieces in `sources` and `targets`, both `[kinds]`. NULL is
    `source_vocab`.
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
    probabilities = _maximise(links, source_vocab + 1)
    frequent = np.argsort(-counts, kind="stable")[:FREQUENT]
    frequent = frequent[counts[frequent] > 0]
    return Lexicon(*_best(links, probabilities, source_vocab), frequent.astype(np.int32))


def lexicon_of_texts(vocabulary: Vocabulary, pairs: Iterable[tuple[str, str]]) -> Lexicon:
    """The lexicon of pairs (source, target) of texts; raises InputError when there are none."""
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
    """The links of the corpus; adds the frequency of each piece to `counts [target_vocab]`."""
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
    """The diagonal prior of each source position, NULL last, `[target, source + 1]`."""
    i, j = np.arange(target)[:, None] / max(target, 1), np.arange(source) / max(source, 1)
    near = np.exp(-TENSION * np.abs(i - j))
    if not source:
        return np.ones((target, 1))
    near *= (1 - NULL) / near.sum(1, keepdims=True)
    return np.concatenate([near, np.full((target, 1), NULL)], 1)


def _maximise(links: _Links, sources: int) -> Floats:
    """t(target | source) `[kinds]` after `ROUNDS` rounds of expectation maximisation."""
    probabilities: Floats = np.ones(len(links.sources))
    prior: Floats | float = 1.0
    for number in range(ROUNDS):
        if number == UNIFORM and _diagonal_fits(links, probabilities):
            prior = links.prior
        each = probabilities[links.kinds] * prior
        each /= np.bincount(links.places, each)[links.places]
        probabilities = np.bincount(links.kinds, each, minlength=len(probabilities)).astype(
            np.float64
        )
        probabilities /= np.bincount(links.sources, probabilities, minlength=sources)[links.sources]
    return probabilities


def _diagonal_fits(links: _Links, probabilities: Floats) -> bool:
    """Whether the likelihood of the corpus is greater with the diagonal prior than without."""
    each = probabilities[links.kinds]
    near = np.bincount(links.places, each * links.prior)
    even = np.bincount(links.places, each) / np.bincount(links.places)
    return bool(np.log(near).sum() > np.log(even).sum())


def _best(
    links: _Links, probabilities: Floats, source_vocab: int
) -> tuple[Ints, npt.NDArray[np.float32]]:
    """The most probable targets of each source piece, best first, and their probabilities.

    `[source_vocab, LIKELY]` both.
    """
    order = np.lexsort((links.targets, -probabilities, links.sources))
    sources, targets = links.sources[order], links.targets[order]
    ranks = np.arange(len(sources)) - np.searchsorted(sources, sources)
    kept = (ranks < LIKELY) & (sources < source_vocab) & (targets > EOS)
    likely = np.full((source_vocab, LIKELY), -1, np.int32)
    likely[sources[kept], ranks[kept]] = targets[kept]
    probable = np.zeros(likely.shape, np.float32)
    probable[sources[kept], ranks[kept]] = np.minimum(probabilities[order][kept], 1)
    return likely, probable
