"""Line search against a grid, and envelopes against brute force."""

from __future__ import annotations

import numpy as np
import pytest

from latimer.statistical.tuning.bleu import corpus_bleu
from latimer.statistical.tuning.line import corners, search


def bleu_at(pool, weights):
    return corpus_bleu(pool.best(weights).sum(0))


def by_brute_force(scores, slopes, low, high):
    """The places where the best of a few lines changes, from all pairs of lines."""
    places = []
    for a in range(len(scores)):
        for b in range(a):
            if slopes[a] == slopes[b]:
                continue
            x = (scores[a] - scores[b]) / (slopes[b] - slopes[a])
            height = scores[a] + x * slopes[a]
            if low < x < high and height >= (scores + x * slopes).max() - 1e-12:
                places.append(x)
    return np.unique(np.round(places, 9))


@pytest.mark.parametrize("seed", range(20))
def test_corners_are_those_of_all_pairs_of_lines(seed):
    random = np.random.default_rng(seed)
    sizes = random.integers(1, 12, 5)
    offsets = np.concatenate([[0], sizes.cumsum()])
    scores, slopes = random.normal(size=(2, offsets[-1]))
    if seed % 2:  # many parallel lines, and three through a point
        slopes = np.round(2 * slopes) / 2
        scores = np.round(2 * scores) / 2
    found = corners(scores, slopes, offsets, -2.0, 2.0)
    belongs = np.searchsorted(offsets, found.before, side="right") - 1
    for k in range(5):
        inside = slice(offsets[k], offsets[k + 1])
        wanted = by_brute_force(scores[inside], slopes[inside], -2.0, 2.0)
        places = found.places[belongs == k]
        assert np.all(np.diff(places) > 0)
        strictly = places[(places > -2.0) & (places < 2.0)]
        assert np.round(strictly, 9) == pytest.approx(wanted)
        assert (slopes[found.before] < slopes[found.after]).all()


def test_a_sentence_with_one_best_candidate_has_no_corner():
    found = corners(
        np.array([5.0, 0.0, 1.0]), np.array([0.0, 1.0, -1.0]), np.array([0, 3]), -1.0, 1.0
    )
    assert len(found.places) == 0
    assert found.first.tolist() == [0]


@pytest.mark.parametrize("seed", range(6))
def test_no_point_of_a_fine_grid_is_better_than_the_line_search(task, seed):
    random = np.random.default_rng(seed)
    weights, direction = random.normal(size=(2, 4))
    low, high = -1.5, 2.0
    scores, slopes = task.pool.features @ weights, task.pool.features @ direction
    step = search(scores, slopes, task.pool.counts, task.pool.offsets, low, high)
    assert low < step.x < high
    assert bleu_at(task.pool, weights + step.x * direction) == pytest.approx(step.bleu)
    grid = [bleu_at(task.pool, weights + x * direction) for x in np.linspace(low, high, 3001)]
    assert max(grid) <= step.bleu + 1e-9
    assert max(grid) >= step.bleu - 0.3  # the grid would have come near
    assert step.bleu > bleu_at(task.pool, weights)


def test_the_middle_of_the_best_interval_is_taken():
    """Candidate 1 is better than 0, and first for 1 < x < 3."""
    scores, slopes = np.array([0.0, -1.0, -4.0]), np.array([0.0, 1.0, 2.0])
    counts = np.array([[4, 4, 3, 2, 1, 1, 4, 3, 2, 1]] * 3, np.int32)
    counts[1, 2:] = [4, 3, 2, 1, 4, 3, 2, 1]
    step = search(scores, slopes, counts, np.array([0, 3]), -5.0, 5.0)
    assert step.x == pytest.approx(2.0)
    assert step.bleu == pytest.approx(100.0)


def test_without_a_better_interval_nothing_moves():
    counts = np.array([[4, 4, 4, 3, 2, 1, 4, 3, 2, 1], [4, 4, 3, 2, 1, 1, 4, 3, 2, 1]], np.int32)
    step = search(np.array([0.0, -1.0]), np.array([0.0, 1.0]), counts, np.array([0, 2]), -5.0, 5.0)
    assert step.x == 0
    assert step.bleu == pytest.approx(100.0)
