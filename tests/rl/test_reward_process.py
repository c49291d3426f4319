"""Values of a given policy: closed form, sweeps and samples against each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from random_mdps import mdps, random_mdp, symmetric_grid

from latimer.errors import InputError, LatimerError
from latimer.rl import ConvergenceWarning, MarkovRewardProcess


@given(mdp=mdps)
@settings(max_examples=50)
def test_closed_form_sweeps_and_residual_agree(mdp):
    process = mdp.under(mdp.uniform_policy())
    exact = process.value("dense")
    dense = np.linalg.inv(np.eye(mdp.states) - mdp.discount * process.continuation.toarray())
    np.testing.assert_allclose(exact, dense @ process.reward, atol=1e-9)
    for method in ("sparse", "krylov", "auto"):
        np.testing.assert_allclose(process.value(method), exact, atol=1e-9)
    assert process.residual(exact) <= 1e-9
    swept = process.evaluate(1e-5)
    assert swept.converged
    assert np.abs(swept.values - exact).max() <= 1e-5
    assert (swept.lower <= exact + 1e-10).all()
    assert (exact <= swept.upper + 1e-10).all()


def test_undiscounted_sweeps_have_a_true_bound():
    mdp = symmetric_grid(6, 1.0)
    process = mdp.under(mdp.uniform_policy())
    found = process.evaluate(1e-3)
    assert np.abs(found.values - 1.0).max() <= 1e-3
    steps = MarkovRewardProcess(process.continuation, process.termination, np.ones(36), 1.0)
    np.testing.assert_allclose(process.expected_steps(), steps.value(), rtol=1e-10)


def test_krylov_solves_what_is_too_large_to_factorise_densely():
    mdp = symmetric_grid(60, 0.999)
    process = mdp.under(mdp.uniform_policy())
    assert process.residual(process.value("krylov")) < 1e-12
    np.testing.assert_allclose(process.value("krylov"), process.value("sparse"), atol=1e-10)


def test_sampled_returns_average_to_the_value():
    process = random_mdp(2, 6, 2, 0.9, 0.3).with_discount(0.9)
    process = process.under_rows(process.first_rows())
    state = int(np.argmin(process.termination))
    returns = process.sample_returns(state, 20_000, seed=1)
    error = returns.std() / np.sqrt(len(returns))
    assert abs(returns.mean() - process.value()[state]) < 5 * error
    again = process.sample_returns(state, 20_000, seed=1)
    assert returns.tobytes() == again.tobytes()


def test_returns_of_a_certain_trajectory_are_exact():
    chain = MarkovRewardProcess.from_dense(
        [[0, 1, 0], [0, 0, 1], [0, 0, 0]], [1.0, 2.0, 4.0], 0.5, terminal=[False, False, True]
    )
    assert chain.sample_returns(0, 3, seed=0).tolist() == [3.0, 3.0, 3.0]
    assert chain.value().tolist() == [3.0, 4.0, 4.0]


def test_endless_episodes_are_refused_or_reported():
    loop = MarkovRewardProcess.from_dense([[1.0]], [1.0], 1.0, state_names=["home"])
    assert not loop.proper()
    with pytest.raises(InputError, match=r"state 0 \(home\): the episode never ends"):
        loop.value()
    with pytest.raises(InputError, match="never ends"):
        loop.evaluate()
    with pytest.raises(LatimerError, match="3 of 3 episodes have not ended after 10 steps"):
        loop.sample_returns(0, 3, seed=0, max_steps=10)


def test_discounted_returns_are_cut_where_nothing_is_left():
    loop = MarkovRewardProcess.from_dense([[1.0]], [1.0], 0.5)
    assert loop.sample_returns(0, 1, seed=0) == pytest.approx([2.0])
    assert loop.value() == pytest.approx([2.0])


def test_a_limit_is_reported():
    loop = MarkovRewardProcess.from_dense([[0.5, 0.5], [0.1, 0.9]], [1.0, 0.0], 0.99)
    with pytest.warns(ConvergenceWarning, match="after 2 iterations"):
        found = loop.evaluate(1e-9, max_iterations=2)
    assert not found.converged
    assert (found.lower <= loop.value()).all()
    assert (loop.value() <= found.upper).all()


@pytest.mark.parametrize(
    ("transition", "reward", "discount", "message"),
    [
        ([[0.5, 0.4], [0, 1]], [0, 0], 0.9, "state 0: probabilities sum to 0.9"),
        ([[1, 0], [-1, 2]], [0, 0], 0.9, "state 1: probability -1"),
        ([[1, 0], [0, 1]], [0, np.nan], 0.9, "state 1: reward"),
        ([[1, 0], [0, 1]], [0, 0], -0.1, "discount"),
        ([[1, 0]], [0], 0.9, "transition is"),
    ],
)
def test_bad_input_names_the_state(transition, reward, discount, message):
    with pytest.raises(InputError, match=message):
        MarkovRewardProcess.from_dense(transition, reward, discount)


def test_bad_settings_are_named():
    loop = MarkovRewardProcess.from_dense([[1.0]], [1.0], 0.5)
    with pytest.raises(InputError, match="valid choices: auto, dense, sparse, krylov"):
        loop.value("magic")
    with pytest.raises(InputError, match="accuracy"):
        loop.evaluate(0)
