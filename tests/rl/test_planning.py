"""Planners against exact linear algebra and against each other, on random processes and ties."""

from __future__ import annotations

import itertools
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from random_mdps import exact_values, mdps, random_mdp, symmetric_grid

from latimer.errors import InputError
from latimer.rl import (
    ConvergenceWarning,
    FiniteMDP,
    finite_horizon,
    gauss_seidel,
    modified_policy_iteration,
    policy_iteration,
    prioritised_sweeping,
    value_iteration,
)

PLANNERS = [
    value_iteration,
    gauss_seidel,
    prioritised_sweeping,
    policy_iteration,
    modified_policy_iteration,
]
ROUNDING = 1e-11


@pytest.mark.parametrize("planner", PLANNERS)
@given(mdp=mdps)
@settings(max_examples=60)
def test_the_error_is_within_the_accuracy_and_the_bounds_hold(planner, mdp):
    truth = exact_values(mdp)
    found = planner(mdp, accuracy=1e-4)
    assert found.converged
    assert np.abs(found.values - truth).max() <= 1e-4
    assert found.bound <= 1e-4 + ROUNDING
    assert (found.lower <= truth + ROUNDING).all()
    assert (truth <= found.upper + ROUNDING).all()


@pytest.mark.parametrize("planner", PLANNERS)
@given(mdp=mdps)
@settings(max_examples=40)
def test_the_policy_returned_is_worth_its_values(planner, mdp):
    found = planner(mdp, accuracy=1e-6)
    achieved = mdp.under(found.policy).value()
    assert (achieved <= found.upper + ROUNDING).all()
    # A greedy policy loses at most 2 γ error / (1 - γ) (Singh & Yee 1994).
    lost = 2e-6 / (1 - mdp.discount)
    assert (achieved >= found.values - 1e-6 - lost).all()


def test_policy_iteration_agrees_with_trying_every_policy():
    mdp = random_mdp(3, 5, 3, 0.9, 0.0)
    legal = [mdp.action[mdp.state == s] for s in range(5)]
    best = np.max([mdp.under(np.array(p)).value() for p in itertools.product(*legal)], axis=0)
    np.testing.assert_allclose(policy_iteration(mdp).values, best, atol=1e-10)


@pytest.mark.parametrize("size", [10, 30, 50])
def test_policy_iteration_ends_on_symmetric_grids_full_of_ties(size):
    mdp = symmetric_grid(size, 0.99)
    found = policy_iteration(mdp, accuracy=1e-9)
    assert found.converged
    assert found.iterations < 100
    np.testing.assert_allclose(found.values, gauss_seidel(mdp).values, atol=1e-6)


def test_undiscounted_symmetric_grid_is_solved_by_every_planner():
    for planner in PLANNERS:
        found = planner(symmetric_grid(8, 1.0))
        assert found.converged
        np.testing.assert_allclose(found.values, 1.0, atol=1e-9)


def test_bounds_of_unfinished_work_hold_too():
    mdp = random_mdp(7, 12, 3, 0.99, 0.3)
    truth = exact_values(mdp)
    for planner in PLANNERS:
        for limit in (1, 2, 5):
            with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
                found = planner(mdp, accuracy=1e-12, max_iterations=limit)
            assert (found.lower <= truth + ROUNDING).all()
            assert (truth <= found.upper + ROUNDING).all()


@pytest.mark.parametrize("planner", PLANNERS)
def test_a_limit_is_never_silent(planner):
    with pytest.warns(ConvergenceWarning, match="after 1 iterations.*may be off by"):
        assert not planner(random_mdp(7, 12, 3, 0.99, 0.3), max_iterations=1).converged


@pytest.mark.parametrize("planner", PLANNERS)
@pytest.mark.parametrize("discount", [0.99, 1.0])
def test_an_accuracy_beyond_rounding_ends_and_keeps_true_bounds(planner, discount):
    mdp = random_mdp(1, 8, 3, discount, 0.5)
    costs = FiniteMDP(
        mdp.state,
        mdp.action,
        mdp.continuation,
        mdp.termination,
        mdp.reward - 3,
        discount,
    )
    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
        found = planner(costs, accuracy=1e-300)
    assert found.bound < 1e-9
    np.testing.assert_allclose(found.values, exact_values(costs), atol=1e-9)


def test_the_span_ends_sweeps_long_before_the_sup_norm_would():
    mdp = random_mdp(5, 200, 4, 0.999, 0.0)
    found = value_iteration(mdp, accuracy=1e-6)
    assert found.iterations < 100  # ln(1e-6 (1 - γ)) / ln γ is about 20 000
    np.testing.assert_allclose(found.values, exact_values(mdp), atol=1e-6)


@given(mdp=mdps)
@settings(max_examples=30)
def test_finite_horizon_is_the_bellman_operator_repeated(mdp):
    found = finite_horizon(mdp, 4, final=np.ones(mdp.states))
    values = np.ones(mdp.states)
    for to_go in range(1, 5):
        q = mdp.action_values(values)
        values = q.max(axis=1)
        np.testing.assert_allclose(found.values[to_go], values, atol=1e-12)
        taken = q[np.arange(mdp.states), found.policy[to_go]]
        np.testing.assert_allclose(taken, values, atol=1e-12)


def test_the_same_call_gives_the_same_bits():
    mdp = random_mdp(11, 30, 4, 0.99, 0.3)
    for planner in PLANNERS:
        first, second = planner(mdp), planner(mdp)
        assert first.values.tobytes() == second.values.tobytes()
        assert first.policy.tobytes() == second.policy.tobytes()


STAY, END = [(1.0, 0, 0.0, False)], [(1.0, 0, -1.0, True)]


@pytest.mark.parametrize("planner", PLANNERS)
@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({0: {0: STAY}}, "state 0: no policy ends the episode"),
        ({0: {0: [(1.0, 0, 1.0, False)], 1: END}}, "state 0, action 0: its reward can be"),
        ({0: {0: STAY, 1: END}}, "state 0: staying for ever costs nothing"),
    ],
)
def test_undiscounted_problems_without_a_finite_proper_optimum_are_refused(planner, table, message):
    with pytest.raises(InputError, match=message):
        planner(FiniteMDP.from_table(table, 1.0))


@pytest.mark.parametrize("planner", PLANNERS)
def test_undiscounted_idling_that_is_worse_than_ending_is_no_obstacle(planner):
    table = {0: {0: STAY, 1: [(0.5, 0, 0.0, False), (0.5, 0, 3.0, True)]}}
    found = planner(FiniteMDP.from_table(table, 1.0))
    assert found.converged
    assert found.values == pytest.approx([3.0])
    assert found.policy.tolist() == [1]


def test_bad_settings_are_named():
    mdp = random_mdp(0, 3, 2, 0.9, 0.0)
    with pytest.raises(InputError, match="accuracy"):
        value_iteration(mdp, accuracy=0)
    with pytest.raises(InputError, match="sweeps"):
        modified_policy_iteration(mdp, sweeps=-1)
    with pytest.raises(InputError, match="horizon"):
        finite_horizon(mdp, -1)


def test_policy_iteration_keeps_its_accuracy_near_discount_1():
    near = policy_iteration(symmetric_grid(8, 1 - 1e-8), accuracy=1e-5)
    assert near.converged
    np.testing.assert_allclose(near.values, 1.0, atol=1e-5)


def test_two_threads_plan_alike():
    def solutions(_):
        mdp = random_mdp(3, 40, 3, 0.95, 0.1)
        found = [planner(mdp) for planner in (value_iteration, modified_policy_iteration)]
        return [(f.values.tolist(), f.policy.tolist(), f.iterations) for f in found]

    alone = solutions(0)
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(solutions, range(4))) == [alone] * 4
