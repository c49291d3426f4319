"""MERT against a grid; MIRA and PRO against planted weights; bounds and seeds of all."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from latimer.statistical.tuning import pro as pro_module
from latimer.statistical.tuning.bleu import corpus_bleu
from latimer.statistical.tuning.features import Box
from latimer.statistical.tuning.settings import TuningSettings
from latimer.statistical.tuning.tuners import TUNERS


def bleu_at(task, weights):
    return corpus_bleu(task.pool.best(weights).sum(0))


def run(task, kind, seed=1, start=None, **settings):
    settings = TuningSettings(kind=kind, seed=seed, **settings)
    start = task.features.default if start is None else start
    return TUNERS[kind](task.pool, start, task.features, settings, np.random.default_rng(seed))


def test_mert_is_as_good_as_a_grid_of_two_weights(make_task):
    task = make_task(sentences=60, features=2, seed=5)
    start = np.array([0.1, 0.5])
    found = run(task, "mert", start=start, trust=2.0)
    box = task.features.box(start, 2.0)
    grid = [
        bleu_at(task, np.array([first, second]))
        for first in np.linspace(box.low[0], box.high[0], 51)
        for second in np.linspace(box.low[1], box.high[1], 51)
    ]
    assert bleu_at(task, found) >= max(grid) - 0.02
    assert max(grid) > bleu_at(task, start) + 1


def test_mert_is_never_worse_than_its_start(make_task):
    for seed in range(5):
        task = make_task(sentences=30, features=5, seed=seed)
        found = run(task, "mert", restarts=0)
        assert bleu_at(task, found) >= bleu_at(task, task.features.default)


def test_restarts_find_at_least_what_one_start_finds(task):
    one, many = run(task, "mert", restarts=0), run(task, "mert", restarts=8)
    assert bleu_at(task, many) >= bleu_at(task, one)


@pytest.mark.parametrize("kind", ["mira", "pro", "mert"])
def test_planted_weights_are_found(make_task, kind):
    """Errors and tokens tell how good a candidate is; the noise of the other features is large."""
    task = make_task(sentences=400, candidates=40, features=6, seed=7)
    found = run(task, kind, trust=5.0)
    found /= np.abs(found).max()
    assert found[0] == 1.0
    assert 0.3 < found[1] < 1.1
    assert np.abs(found[2:]).max() < 0.15
    assert bleu_at(task, found) > bleu_at(task, task.features.default) + 1


@pytest.mark.parametrize("kind", TUNERS)
def test_weights_stay_in_the_box(make_task, kind):
    task = make_task(sentences=100, seed=2)
    # The sign of feature 0 is turned: only its bound keeps the weight from going below 0.
    task.pool.features[:, 0] *= -1
    box = task.features.box(task.features.default, 3.0)
    found = run(task, kind, trust=3.0)
    assert (found >= box.low).all()
    assert (found <= box.high).all()
    assert found[0] == pytest.approx(0.0, abs=0.03)
    near = run(task, kind, trust=0.1)
    assert np.abs(near - task.features.default).max() <= 0.03 + 1e-12


@pytest.mark.parametrize("kind", TUNERS)
def test_fixed_weights_do_not_move(make_task, kind):
    task = make_task(sentences=100, seed=2)
    fixed = np.array([False, True, False, False])
    task.features = task.features._replace(fixed=fixed)
    found = run(task, kind)
    assert found[1] == task.features.default[1]
    assert (found[[0, 2, 3]] != task.features.default[[0, 2, 3]]).any()


@pytest.mark.parametrize("kind", TUNERS)
def test_a_seed_gives_the_same_weights(task, kind):
    first, again, other = (run(task, kind, seed) for seed in (3, 3, 4))
    assert (first == again).all()
    assert (first != other).any()


@pytest.mark.parametrize("bound", [10.0, 0.5])
def test_regression_of_pro_agrees_with_scipy(bound):
    random = np.random.default_rng(0)
    differences = random.normal(size=(200, 3))
    center, prior = np.array([0.2, 0.1, -0.4]), np.array([1.0, 4.0, 2.0])
    differences[: len(differences) * 4 // 5] += [1.0, 0.5, -0.5]
    box = Box(center - bound, center + bound)

    def loss(weights):
        likelihood = np.logaddexp(0, -differences @ weights).sum()
        return likelihood + 0.5 * (prior * (weights - center) ** 2).sum()

    bounds = list(zip(box.low, box.high, strict=True))
    wanted = minimize(loss, center, bounds=bounds, options={"ftol": 1e-14, "gtol": 1e-9}).x
    found = pro_module._regression(differences, center, prior, box)
    assert found == pytest.approx(wanted, abs=1e-4)
    assert (np.abs(wanted - center).max() == pytest.approx(bound)) == (bound < 1)


def test_sentence_bleu_of_pro_is_the_smoothed_one_of_sacrebleu():
    from sacrebleu.metrics.bleu import BLEU

    random = np.random.default_rng(1)
    metric = BLEU(tokenize="none", smooth_method="add-k", smooth_value=1, force=True)
    for _ in range(50):
        reference = [str(x) for x in random.integers(0, 8, random.integers(4, 12))]
        written = [str(x) for x in random.integers(0, 8, random.integers(4, 12))]
        if not set(written) & set(reference):
            continue
        text, wanted = " ".join(written), " ".join(reference)
        counts = np.array(metric._extract_corpus_statistics([text], [[wanted]]))
        score = pro_module.sentence_bleu(counts)[0]
        assert 100 * score == pytest.approx(metric.sentence_score(text, [wanted]).score)
