import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from latimer.search.normalise import NORMALISATIONS, normaliser


def test_values_by_hand():
    lengths = torch.tensor([1, 7, 13])
    log_prob = torch.tensor(-6.0)
    assert normaliser("power", 1.0).score(log_prob, lengths).tolist() == pytest.approx(
        [-6, -6 / 7, -6 / 13]
    )
    assert normaliser("gnmt", 0.5).score(log_prob, lengths).tolist() == pytest.approx(
        [-6, -6 / math.sqrt(2), -6 / math.sqrt(3)]
    )
    assert normaliser("none", 1.0).score(log_prob, lengths).tolist() == [-6, -6, -6]


@given(
    name=st.sampled_from(sorted(NORMALISATIONS)),
    alpha=st.floats(0, 10),
    log_prob=st.floats(-1000, 0),
    loss=st.floats(0, 1000),
    length=st.integers(1, 300),
    more=st.integers(0, 300),
)
def test_no_continuation_beats_the_bound(name, alpha, log_prob, loss, length, more):
    scoring = normaliser(name, alpha)
    longest = torch.tensor(length + more)
    bound = scoring.upper_bound(torch.tensor(log_prob, dtype=torch.float64), longest)
    final = torch.tensor(log_prob - loss, dtype=torch.float64)
    assert scoring.score(final, torch.tensor(length)) <= bound
