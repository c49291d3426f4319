"""End components against their definition, on random processes."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_mdps import symmetric_grid

from latimer.errors import InputError
from latimer.rl import FiniteMDP, policy_iteration, value_iteration
from latimer.rl.planning.undiscounted import (
    end_component_rows,
    ending_rows,
    idle_states,
    quickest_rows,
)


def patchy_mdp(seed: int, states: int) -> FiniteMDP:
    """Two actions of one or two successors each, few of which end: full of end components."""
    rng = np.random.default_rng(seed)
    table = {
        state: {
            action: [
                (1 / count, int(rng.integers(states)), cost, bool(rng.random() < 0.15))
                for count, cost in [(int(rng.integers(1, 3)), -float(rng.integers(1, 4)))]
                for _ in range(count)
            ]
            for action in range(2)
        }
        for state in range(states)
    }
    return FiniteMDP.from_table(table, 1.0)


small = st.builds(patchy_mdp, st.integers(0, 10_000), st.integers(1, 6))


def endless_states(mdp: FiniteMDP) -> set[int]:
    """States of sets that some choice of rows never leaves, by trying all sets and rows."""
    found: set[int] = set()
    going = mdp.continuation.toarray()
    for size in range(1, mdp.states + 1):
        for members in itertools.combinations(range(mdp.states), size):
            outside = [s for s in range(mdp.states) if s not in members]
            stays = (mdp.termination == 0) & (going[:, outside].sum(axis=1) == 0)
            if all(stays[mdp.state == s].any() for s in members):
                found |= set(members)
    return found


@given(mdp=small)
@settings(max_examples=60)
def test_end_components_are_where_one_can_stay_for_ever(mdp):
    # From any set that is never left one reaches an end component and stays there.
    inside = set(mdp.state[end_component_rows(mdp, mdp.termination == 0)].tolist())
    endless = endless_states(mdp)
    assert inside <= endless
    assert bool(inside) == bool(endless)
    chosen, missing = ending_rows(mdp, np.ones(mdp.rows, bool))
    assert missing == (chosen < 0).sum()
    if not missing:
        assert mdp.under_rows(chosen).proper()


def test_components_within_components_are_found():
    # 0 and 1 lead to each other; 1 may also go to 2, which ends; 3 only passes through.
    table = {
        0: {0: [(1.0, 1, 0.0, False)]},
        1: {0: [(1.0, 0, 0.0, False)], 1: [(1.0, 2, 0.0, False)]},
        2: {0: [(1.0, 2, 1.0, True)]},
        3: {0: [(0.5, 0, 0.0, False), (0.5, 2, 0.0, False)]},
    }
    mdp = FiniteMDP.from_table(table, 1.0)
    kept = end_component_rows(mdp, mdp.termination == 0)
    assert kept.tolist() == [True, True, False, False, False]
    assert idle_states(mdp).tolist() == [True, True, False, False]
    for planner in (value_iteration, policy_iteration):
        found = planner(mdp)
        assert found.values == pytest.approx([1, 1, 1, 1])
        assert found.policy.tolist() == [0, 1, 0, 0]


def test_the_quickest_rows_need_about_the_fewest_steps():
    mdp = symmetric_grid(9, 1.0)
    rows = quickest_rows(mdp, np.ones(mdp.rows, bool))
    assert rows is not None
    steps = mdp.under_rows(rows).expected_steps()
    cost = FiniteMDP(
        mdp.state, mdp.action, mdp.continuation, mdp.termination, np.full(mdp.rows, -1.0), 1.0
    )
    fewest = -policy_iteration(cost).values
    assert (steps >= fewest - 1e-9).all()
    assert (steps <= 1.25 * fewest).all()
    assert quickest_rows(mdp, mdp.termination == 0) is None


@given(mdp=small)
@settings(max_examples=60)
def test_undiscounted_values_are_the_limit_of_discounted_ones(mdp):
    if ending_rows(mdp, np.ones(mdp.rows, bool))[1]:
        with pytest.raises(InputError, match="no policy ends the episode"):
            policy_iteration(mdp)
        return
    found = policy_iteration(mdp)
    near = policy_iteration(mdp.with_discount(1 - 1e-7)).values
    scale = 1 + np.abs(found.values).max() ** 2
    assert np.abs(found.values - near).max() <= 1e-4 * scale
    swept = value_iteration(mdp, accuracy=1e-6)
    assert swept.converged
    np.testing.assert_allclose(swept.values, found.values, atol=1e-6)
