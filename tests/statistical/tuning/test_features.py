"""Default weights, bounds and boxes."""

from __future__ import annotations

import numpy as np
import pytest

from latimer.errors import InputError
from latimer.statistical.tuning.features import FeatureWeights

FEATURES = FeatureWeights.of(
    {"lm": 0.5, "words": -0.3, "unknown": -10.0, "order": 0.0},
    non_negative=["lm"],
    fixed=["unknown"],
)


def test_a_box_keeps_bounds_and_fixed_weights():
    box = FEATURES.box(np.array([0.1, -0.5, -10.0, 0.0]), 1.0)  # mean size of tuned weights: 0.2
    assert box.low == pytest.approx([0.0, -1.0, -10.0, -0.2])
    assert box.high == pytest.approx([0.3, 0.0, -10.0, 0.2])
    assert box.free.tolist() == [0, 1, 3]


def test_the_ends_of_a_line_in_a_box():
    box = FEATURES.box(FEATURES.default, 0.5)
    low, high = box.along(FEATURES.default, np.array([1.0, 0.0, 0.0, 0.0]))
    assert (low, high) == pytest.approx((-0.25, 0.25))
    low, high = box.along(FEATURES.default, np.array([-1.0, 0.5, 0.0, 0.0]))
    assert (low, high) == pytest.approx((-0.25, 0.25))
    for x in (low, high):
        moved = FEATURES.default + x * np.array([-1.0, 0.5, 0.0, 0.0])
        assert box.clipped(moved) == pytest.approx(moved)
    assert box.along(FEATURES.default, np.zeros(4)) == (0.0, 0.0)


def test_normalised_weights_have_the_default_size():
    weights = FEATURES.normalised(np.array([2.0, -1.0, -10.0, 1.0]))
    assert weights == pytest.approx([0.4, -0.2, -10.0, 0.2])
    assert FEATURES.normalised(np.zeros(4)) == pytest.approx(np.zeros(4))
    assert FEATURES.by_name(weights)["words"] == pytest.approx(-0.2)


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ({"non_negative": ["lmm"]}, "feature 'lmm' has no weight; known: lm, words"),
        ({"fixed": ["x"]}, "feature 'x' has no weight; known: lm, words"),
        ({"non_negative": ["words"]}, "the weight of words is -1; at least 0 is needed"),
    ],
)
def test_bounds_that_do_not_fit_are_refused(bounds, message):
    with pytest.raises(InputError) as error:
        FeatureWeights.of({"lm": 1.0, "words": -1.0}, **bounds)
    assert str(error.value) == message
