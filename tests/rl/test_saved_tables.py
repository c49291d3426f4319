"""Learned tables come back from their file as they were."""

import numpy as np
import pytest

from latimer.errors import InputError
from latimer.rl.mdp.saved import save
from latimer.rl.tabular import Learned


@pytest.mark.parametrize("name", ["a.npz", "a.json"])
def test_a_round_trip_is_exact(tmp_path, name):
    rng = np.random.default_rng(1)
    lengths = np.array([[3, 4], [5, 6]])
    given = Learned("sarsa", rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 2)), lengths, 0.1)
    given.save(tmp_path / name, environment="cliff")
    found = Learned.load(tmp_path / name)
    assert (found.algorithm, found.seconds, found.steps) == ("sarsa", 0.1, 18)
    for part in ("q", "returns", "lengths"):
        np.testing.assert_array_equal(getattr(found, part), getattr(given, part))
        assert getattr(found, part).dtype == getattr(given, part).dtype


def test_other_files_are_refused(tmp_path):
    save(tmp_path / "plan.npz", {"method": "x"}, {"values": np.zeros(3)})
    with pytest.raises(InputError, match=r"plan\.npz: no saved table of action values"):
        Learned.load(tmp_path / "plan.npz")


@pytest.mark.parametrize(
    ("facts", "change"),
    [
        ({"seconds": "soon"}, {}),
        ({"algorithm": 1}, {}),
        ({"q": 1}, {"q": None}),
        ({}, {"q": np.zeros((2, 3))}),
        ({}, {"returns": np.zeros(4)}),
        ({}, {"lengths": np.zeros((2, 3))}),
        ({}, {"q": np.zeros((1, 3, 4))}),
    ],
)
def test_damaged_files_are_refused(tmp_path, facts, change):
    arrays = {"q": np.zeros((2, 3, 4)), "returns": np.zeros((2, 2)), "lengths": np.zeros((2, 2))}
    kept = {name: value for name, value in (arrays | change).items() if value is not None}
    save(tmp_path / "a.json", {"algorithm": "sarsa", "seconds": 0.1} | facts, kept)
    with pytest.raises(InputError, match=r"a\.json: (no saved table|tables of 1 runs)"):
        Learned.load(tmp_path / "a.json")
