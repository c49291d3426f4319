"""A made-up task of tuning, small enough to decode without search."""

from __future__ import annotations

import numpy as np
import pytest

from latimer.statistical.sentences import Sentences
from latimer.statistical.tuning.features import FeatureWeights
from latimer.statistical.tuning.pool import NBest, NBestPool


class Task:
    """Noisy copies of references; feature 0 counts errors, 1 tokens, others are noise.

    `all_lists` holds all candidates of each sentence: (tokens, features).
    """

    def __init__(self, sentences=150, candidates=60, features=4, seed=0, least=5, noise=1.0):
        random = np.random.default_rng(seed)
        lists = [random.integers(0, 40, random.integers(least, 20)) for _ in range(sentences)]
        self.references = Sentences.of([one.tolist() for one in lists])
        self.all_lists = [
            [self.candidate(random, one, features, noise) for _ in range(candidates)]
            for one in lists
        ]
        self.nbest = NBest.of(self.all_lists)
        self.pool = NBestPool.empty(sentences, features).adding(self.nbest, self.references)
        default = {"errors": 0.3} | {f"f{k}": 0.3 for k in range(1, features)}
        self.features = FeatureWeights.of(default, non_negative=["errors"])
        self.decoded = []

    @staticmethod
    def candidate(random, reference, features, noise):
        tokens = reference.copy()
        wrong = random.random(len(tokens)) < 0.6 * random.random()
        tokens[wrong] = random.integers(0, 40, wrong.sum())
        tokens = tokens[: random.integers(len(tokens) // 2 + 1, len(tokens) + 1)]
        values = noise * random.normal(size=features)
        values[0] -= wrong.sum()
        values[1] += len(tokens)
        return tokens.tolist(), values.astype(np.float32)

    def decode(self, weights, best=10):
        """The best of all candidates: a decoder without search errors."""
        self.decoded.append(weights.copy())
        return NBest.of(
            [
                sorted(one, key=lambda candidate: -float(candidate[1] @ weights))[:best]
                for one in self.all_lists
            ]
        )


@pytest.fixture
def make_task():
    return Task


@pytest.fixture(scope="module")
def task():
    return Task()
