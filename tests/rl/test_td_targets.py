"""Targets worked by hand, and the identities between them."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from latimer.errors import InputError
from latimer.rl.td_targets import (
    double_q,
    expected_sarsa,
    gae,
    lambda_return,
    monte_carlo,
    q_learning,
    sarsa,
    td_zero,
)

# Two transitions; the second ends the episode.
R = torch.tensor([1.0, -2.0])
DISCOUNT = torch.tensor([0.5, 0.0])
Q = torch.tensor([[4.0, 8.0, 2.0], [7.0, 7.0, 9.0]])


def test_one_step_targets_by_hand():
    assert td_zero(R, DISCOUNT, torch.tensor([6.0, 99.0])).tolist() == [4.0, -2.0]
    assert sarsa(R, DISCOUNT, Q, torch.tensor([2, 0])).tolist() == [2.0, -2.0]
    policy = torch.tensor([[0.5, 0.25, 0.25], [1.0, 0.0, 0.0]])
    assert expected_sarsa(R, DISCOUNT, Q, policy).tolist() == [3.25, -2.0]
    assert q_learning(R, DISCOUNT, Q).tolist() == [5.0, -2.0]
    selector = torch.tensor([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    assert double_q(R, DISCOUNT, Q, selector).tolist() == [2.0, -2.0]


def test_illegal_actions_do_not_spoil_expectations():
    q = torch.tensor([[3.0, -torch.inf]])
    policy = torch.tensor([[1.0, 0.0]])
    one = torch.ones(1)
    assert expected_sarsa(one, one, q, policy).tolist() == [4.0]
    assert q_learning(one, one, q).tolist() == [4.0]


def test_returns_by_hand():
    r = torch.tensor([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]])
    discount = torch.tensor([[0.5, 0.5, 0.5], [0.5, 0.0, 0.5]])  # the second ends at its step 2
    end = torch.tensor([8.0, 8.0])
    assert monte_carlo(r, discount, end).tolist() == [[3.75, 5.5, 7.0], [2.0, 2.0, 7.0]]
    assert monte_carlo(r, discount).tolist() == [[2.75, 3.5, 3.0], [2.0, 2.0, 3.0]]


def test_lambda_return_by_hand():
    # G_2 = 2 + 0.5 · 4 = 4;  G_1 = 1 + 0.5 (0.5 · 6 + 0.5 · 4) = 3.5
    found = lambda_return(
        torch.tensor([1.0, 2.0]), torch.tensor([0.5, 0.5]), torch.tensor([6.0, 4.0]), 0.5
    )
    assert found.tolist() == [3.5, 4.0]


def test_gae_by_hand():
    # δ_1 = 1 + 0.5 · 2 - 4 = -2;  δ_2 = 2 + 0 - 2 = 0, ended;  A_1 = -2 + 0.25 · 0
    found = gae(
        torch.tensor([1.0, 2.0]), torch.tensor([0.5, 0.0]), torch.tensor([4.0, 2.0, 99.0]), 0.5
    )
    assert found.tolist() == [-2.0, 0.0]


shapes = st.tuples(st.integers(1, 3), st.integers(1, 6), st.integers(0, 1000))


@given(shapes, st.floats(0, 1))
def test_identities(shape, lambda_):
    batch, time, seed = shape
    generator = torch.Generator().manual_seed(seed)
    r, v = (torch.randn(batch, time, generator=generator, dtype=torch.float64) for _ in "rv")
    first = torch.randn(batch, 1, generator=generator, dtype=torch.float64)
    going = torch.rand(batch, time, generator=generator, dtype=torch.float64) > 0.2
    discount = 0.9 * going.double()
    torch.testing.assert_close(lambda_return(r, discount, v, 0.0), td_zero(r, discount, v))
    full = monte_carlo(r, discount, v[:, -1])
    torch.testing.assert_close(lambda_return(r, discount, v, 1.0), full)
    before = torch.cat([first, v[:, :-1]], dim=1)
    advantages = gae(r, discount, torch.cat([first, v], dim=1), lambda_)
    torch.testing.assert_close(advantages, lambda_return(r, discount, v, lambda_) - before)


def test_lambda_return_is_the_weighted_mean_of_n_step_returns():
    torch.manual_seed(0)
    r, v, lambda_, discount = torch.randn(5), torch.randn(5), 0.7, torch.full((5,), 0.9)
    n_step = [monte_carlo(r[:n], discount[:n], v[n - 1])[0] for n in range(1, 6)]
    weights = [(1 - lambda_) * lambda_**n for n in range(4)] + [lambda_**4]
    expected = sum(w * g for w, g in zip(weights, n_step, strict=True))
    torch.testing.assert_close(lambda_return(r, discount, v, lambda_)[0], expected)


def test_no_gradient_flows_through_a_target():
    v = torch.ones(3, requires_grad=True)
    for target in (td_zero(v, v, v), monte_carlo(v, v, v[0]), lambda_return(v, v, v, 0.5)):
        assert not target.requires_grad
    q = torch.ones(3, 2, requires_grad=True)
    assert not q_learning(v, v, q).requires_grad
    assert not gae(v[1:], v[1:], v, 0.9).requires_grad


def test_bad_calls_are_named():
    with pytest.raises(InputError, match=r"discount_t \[1\]"):
        td_zero(R, DISCOUNT[:1], R)
    with pytest.raises(InputError, match="policy_t"):
        expected_sarsa(R, DISCOUNT, Q, Q[:, :2])
    with pytest.raises(InputError, match="values_from_the_second"):
        gae(R, DISCOUNT, R, 0.9)
    with pytest.raises(InputError, match=r"lambda is 1\.5"):
        lambda_return(R, DISCOUNT, R, 1.5)
