"""A made corpus with random links."""

from __future__ import annotations

import numpy as np

from latimer.statistical.alignment.links import Links
from latimer.statistical.sentences import Sentences


def made_corpus(seed: int = 0) -> tuple[Sentences, Sentences, Links]:
    """Sentences of few words with random links, and some empty ones."""
    random = np.random.default_rng(seed)
    source = [random.integers(0, 4, random.integers(0, 7)).tolist() for _ in range(60)]
    target = [random.integers(0, 4, random.integers(0, 7)).tolist() for _ in range(60)]
    links = []
    for words, others in zip(source, target, strict=True):
        linked = random.random((len(others), len(words))) < 0.2
        links.append([(i, j) for j, i in np.argwhere(linked)])
    flat = [link for pair in links for link in pair]
    offsets = np.cumsum([0, *map(len, links)])
    sides = (np.array([link[side] for link in flat], np.int32) for side in (0, 1))
    return Sentences.of(source), Sentences.of(target), Links(offsets, *sides)
