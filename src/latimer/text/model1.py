"""Learning a lexicon of pieces by IBM model 1 (Brown et al. 1993).

Every target piece of a sentence pair is written by one of the source pieces, or by none of them
(NULL), each as likely as the others; expectation maximisation finds the probabilities t(target |
source) that make the corpus most probable.
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
from latimer.text.lexicon import LIKELY, Ints, Lexicon
from latimer.text.subwords import EOS
from latimer.text.tokenised import TokenisedCorpus
from latimer.text.vocabulary import Vocabulary

Floats = npt.NDArray[np.float64]

ROUNDS = 5
LINKS = 8_000_000
"""Pairs of a source and a target piece looked at; of a larger corpus, sentences at even steps."""
FREQUENT = 2000


class _Links(NamedTuple):
    """Pairs of pieces that stand in one sentence pair, `[links]`; NULL is `source_vocab`.

    places: which target position of the corpus a link belongs to; kinds: which pair of `sources`
    and `targets`, both `[kinds]`, it is.
    """

    places: npt.NDArray[np.int64]
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
    return Lexicon(_best(links, chances, source_vocab), frequent.astype(np.int32))


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
    keys, places, written = [], [], 0
    for row in range(0, len(corpus), int(total // LINKS) + 1):
        source, target = corpus.row(row)
        np.add.at(counts, target, 1)
        beginnings = np.append(source, source_vocab).astype(np.int64) * target_vocab
        keys.append((target[:, None] + beginnings).ravel())
        places.append(np.repeat(np.arange(written, written + len(target)), len(beginnings)))
        written += len(target)
    empty = [np.empty(0, np.int64)]
    kinds, which = np.unique(np.concatenate(keys or empty), return_inverse=True)
    sources, targets = np.divmod(kinds, target_vocab)
    return _Links(np.concatenate(places or empty), which, sources, targets)


def _maximise(links: _Links, sources: int) -> Floats:
    """t(target | source) `[kinds]` after some rounds of expectation maximisation."""
    chances: Floats = np.ones(len(links.sources))
    for _ in range(ROUNDS):
        each = chances[links.kinds]
        each /= np.bincount(links.places, each)[links.places]
        chances = np.bincount(links.kinds, each, minlength=len(chances)).astype(np.float64)
        chances /= np.bincount(links.sources, chances, minlength=sources)[links.sources]
    return chances


def _best(links: _Links, chances: Floats, source_vocab: int) -> Ints:
    """The most probable targets of each source piece `[source_vocab, LIKELY]`, best first."""
    order = np.lexsort((links.targets, -chances, links.sources))
    sources, targets = links.sources[order], links.targets[order]
    ranks = np.arange(len(sources)) - np.searchsorted(sources, sources)
    kept = (ranks < LIKELY) & (sources < source_vocab) & (targets > EOS)
    likely = np.full((source_vocab, LIKELY), -1, np.int32)
    likely[sources[kept], ranks[kept]] = targets[kept]
    return likely
