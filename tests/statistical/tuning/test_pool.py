"""The pool of candidates."""

from __future__ import annotations

import numpy as np
import pytest

from latimer.statistical.sentences import Sentences
from latimer.statistical.tuning.bleu import bleu_counts
from latimer.statistical.tuning.pool import NBest, NBestPool

REFERENCES = Sentences.of([[1, 2, 3], [4, 5]])


def pool_of(*rounds):
    pool = NBestPool.empty(2, 2)
    for lists in rounds:
        pool = pool.adding(NBest.of(lists), REFERENCES)
    return pool


def test_candidates_of_rounds_are_kept_by_sentence_without_duplicates():
    first = [[([1, 2], [1.0, 0.5]), ([1], [2.0, 0.0])], [([4, 5], [3.0, 0.0])]]
    second = [[([1], [2.0, 0.0]), ([1], [2.0, 1.0])], [([4], [3.0, 0.0]), ([4, 5], [3.0, 0.0])]]
    pool = pool_of(first, second)
    assert pool.offsets.tolist() == [0, 3, 5]
    assert pool.features.tolist() == [[1.0, 0.5], [2.0, 0.0], [2.0, 1.0], [3.0, 0.0], [3.0, 0.0]]
    wanted = bleu_counts(
        Sentences.of([[1, 2], [1], [1], [4, 5], [4]]), np.array([0, 0, 0, 1, 1]), REFERENCES
    )
    assert pool.counts.tolist() == wanted.tolist()


def test_equal_candidates_of_two_sentences_are_two():
    same = Sentences.of([[1], [1]])
    found = NBest.of([[([1], [0.0])], [([1], [0.0])]])
    assert NBestPool.empty(2, 1).adding(found, same).offsets.tolist() == [0, 1, 2]


def test_rounding_noise_makes_no_new_candidate():
    pool = pool_of([[([1], [2.0, 0.0])], [([4], [1.0, 0.0])]])
    again = pool.adding(NBest.of([[([1], [2.000001, 0.0])], [([4], [1.001, 0.0])]]), REFERENCES)
    assert again.offsets.tolist() == [0, 1, 3]


def test_dropping_duplicates_agrees_with_python_sets():
    random = np.random.default_rng(3)
    references = Sentences.of([random.integers(0, 3, 6).tolist() for _ in range(30)])
    pool, wanted = NBestPool.empty(30, 2), [set() for _ in range(30)]
    for _ in range(3):
        lists = [
            [
                (random.integers(0, 3, 2).tolist(), random.integers(0, 2, 2).tolist())
                for _ in range(random.integers(1, 20))
            ]
            for _ in range(30)
        ]
        pool = pool.adding(NBest.of(lists), references)
        for k, candidates in enumerate(lists):
            for tokens, features in candidates:
                counts = bleu_counts(Sentences.of([tokens]), np.array([k]), references)[0]
                wanted[k].add((*features, *counts.tolist()))
    rows = np.concatenate([pool.features, pool.counts], axis=1)
    for k in range(30):
        inside = rows[pool.offsets[k] : pool.offsets[k + 1]]
        assert len(inside) == len(wanted[k])
        assert {tuple(row) for row in inside.tolist()} == wanted[k]


def test_the_best_candidate_of_each_sentence(task):
    weights = np.array([0.5, 0.1, -0.2, 0.3])
    best = task.pool.best(weights)
    scores = task.pool.features @ weights
    for k in range(task.pool.sentences):
        inside = slice(task.pool.offsets[k], task.pool.offsets[k + 1])
        assert (best[k] == task.pool.counts[inside][scores[inside].argmax()]).all()


def test_some_sentences_of_a_pool():
    pool = pool_of([[([1, 2], [1.0, 0.5]), ([1], [2.0, 0.0])], [([4, 5], [3.0, 0.0])]])
    chosen = pool.of_sentences(np.array([1, 0, 1]))
    assert chosen.offsets.tolist() == [0, 1, 3, 4]
    assert chosen.features[:, 0].tolist() == [3.0, 1.0, 2.0, 3.0]
    assert (chosen.counts[[0, 3]] == pool.counts[[2, 2]]).all()
    with pytest.raises(IndexError):
        pool.of_sentences(np.array([2]))
