"""Processes given by a function, against the same processes as tables."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from latimer.errors import InputError
from latimer.rl import ConvergenceWarning, gauss_seidel, policy_iteration
from latimer.rl.planning.implicit import ImplicitMDP, solve_implicit

SIZE = 12


@njit
def slippery(state, action, outcome):
    """A square whose last cell ends the episode and pays 1; slip 0.2; no moving up in column 0."""
    row, column = state // SIZE, state % SIZE
    if action == 0 and column == 0:
        return 0.0, 0, 0.0
    direction = (action + (0, 1, 3)[outcome]) % 4
    row = min(max(row + (-1, 0, 1, 0)[direction], 0), SIZE - 1)
    column = min(max(column + (0, 1, 0, -1)[direction], 0), SIZE - 1)
    probability = (0.8, 0.1, 0.1)[outcome]
    if row == SIZE - 1 and column == SIZE - 1:
        return probability, -1, 1.0
    return probability, row * SIZE + column, 0.0


@pytest.fixture(scope="module")
def grid():
    return ImplicitMDP(SIZE * SIZE, 4, 3, slippery, 0.99)


@pytest.mark.parametrize("order", ["gauss-seidel", "jacobi"])
def test_it_agrees_with_the_table_within_its_bounds(grid, order):
    truth = policy_iteration(grid.tabulate(), accuracy=1e-9)
    found = solve_implicit(grid, accuracy=1e-5, order=order)
    assert found.converged
    assert np.abs(found.values - truth.values).max() <= 1e-5
    assert (found.lower <= truth.values + 1e-11).all()
    assert (truth.values <= found.upper + 1e-11).all()
    assert (found.policy[::SIZE] != 0).all()
    achieved = grid.tabulate().under(found.policy).value()
    assert np.abs(achieved - truth.values).max() <= 2e-3


def test_its_sweeps_are_those_of_the_table(grid):
    found, table = solve_implicit(grid, sweeps=0), gauss_seidel(grid.tabulate())
    assert found.iterations == table.iterations
    assert found.backups == table.iterations * SIZE * SIZE * 4
    np.testing.assert_allclose(found.values, table.values, atol=1e-10)


@pytest.mark.parametrize("order", ["gauss-seidel", "jacobi"])
@pytest.mark.parametrize("sweeps", [1, 5, 40])
def test_evaluating_policies_saves_work_and_changes_no_result(grid, order, sweeps):
    settings = {"order": order, "accuracy": 1e-7, "max_iterations": 20_000}
    plain, found = (solve_implicit(grid, sweeps=k, **settings) for k in (0, sweeps))
    assert found.converged
    assert np.abs(found.values - plain.values).max() <= 2e-7
    assert found.iterations < plain.iterations
    assert sweeps > 5 or found.backups < plain.backups
    assert (found.lower <= plain.upper + 1e-12).all()
    assert (plain.lower <= found.upper + 1e-12).all()


@njit
def tempting(state, action, outcome):
    """A chain in which each state's first action pays now and costs everything later."""
    if outcome == 1:
        return 0.0, 0, 0.0
    if action == 0:
        return 1.0, state, -1.0 if state % 2 else 0.5
    return 1.0, (state + 1) % 30, -0.9 if state < 29 else 40.0


@pytest.mark.parametrize("order", ["gauss-seidel", "jacobi"])
def test_evaluating_ends_where_values_start_too_high_and_too_low(order):
    chain = ImplicitMDP(30, 2, 2, tempting, 0.97)
    truth = policy_iteration(chain.tabulate()).values
    found = solve_implicit(chain, order=order, sweeps=50, max_iterations=5000)
    assert found.converged
    assert np.abs(found.values - truth).max() <= 1e-6


def test_a_limit_is_reported_and_its_bounds_hold(grid):
    truth = policy_iteration(grid.tabulate()).values
    with pytest.warns(ConvergenceWarning, match="may be off by"):
        found = solve_implicit(grid, max_iterations=3)
    assert not found.converged
    assert (found.lower <= truth + 1e-9).all()
    assert (truth <= found.upper + 1e-9).all()


@njit
def half(state, action, outcome):
    return 0.5, state, 0.0


@njit
def nothing(state, action, outcome):
    return 0.0, state, 0.0


@njit
def beyond(state, action, outcome):
    return 1.0, state + action, 0.0


def test_bad_models_are_named(grid):
    with pytest.raises(InputError, match=r"state 0, action 0: probabilities sum to 0\.5"):
        ImplicitMDP(2, 1, 1, half, 0.9)
    with pytest.raises(InputError, match="state 0 has no legal action"):
        ImplicitMDP(2, 1, 1, nothing, 0.9)
    with pytest.raises(InputError, match="state 1, action 1"):
        ImplicitMDP(2, 2, 1, beyond, 0.9)
    with pytest.raises(InputError, match="compiled"):
        ImplicitMDP(2, 1, 1, lambda state, action, outcome: (1.0, 0, 0.0), 0.9)
    with pytest.raises(InputError, match="outside"):
        ImplicitMDP(2, 1, 2, half, 1.5)
    with pytest.raises(InputError, match="below 1"):
        solve_implicit(ImplicitMDP(2, 1, 2, half, 1.0))
    with pytest.raises(InputError, match="order"):
        solve_implicit(grid, order="random")
    with pytest.raises(InputError, match="sweeps is -1"):
        solve_implicit(grid, sweeps=-1)
