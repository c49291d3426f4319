"""Gymnasium's tables are checked once, whoever reads them."""

import gymnasium
import numpy as np
import pytest
from hypothesis import given, settings
from random_mdps import mdps

from latimer.errors import InputError
from latimer.rl import FiniteMDP
from latimer.rl.mdp.outcome_table import OutcomeTable
from latimer.rl.tabular import learn

GOOD = {0: {0: [(1.0, 1, 0.0, False)]}, 1: {0: [(0.25, 0, 2.0, False), (0.75, 1, 4.0, True)]}}
NAN = float("nan")


class Shown(gymnasium.Env):
    """An environment that shows the table it was given and begins in state 0."""

    observation_space = gymnasium.spaces.Discrete(2)
    action_space = gymnasium.spaces.Discrete(1)

    def __init__(self, table, start):
        self.P, self.initial_state_distrib = table, start


BAD = {
    "sum": ({0: [(0.5, 0, 1.0, False), (0.4, 1, 0.0, True)]}, "state 1, action 0: .*sum to 0.9"),
    "nearly": ({0: [(1 - 1e-7, 0, 1.0, False)]}, "state 1, action 0: probabilities sum"),
    "negative": ({0: [(1.5, 0, 1.0, False), (-0.5, 1, 0.0, True)]}, "state 1, .* -0.5 is neg"),
    "nan": ({0: [(NAN, 0, 1.0, False)]}, "state 1, action 0: probability nan"),
    "reward": ({0: [(1.0, 0, NAN, False)]}, "state 1, action 0: reward nan"),
    "successor": ({0: [(1.0, 7, 0.0, True)]}, r"state 1, action 0: successor 7 .*\(0 to 1\)"),
    "before the first": ({0: [(1.0, -1, 0.0, False)]}, "state 1, action 0: successor -1"),
    "shape": ({0: [(1.0, 0, 0.0)]}, "state 1, action 0: .* is not .probability, successor"),
    "flag": ({0: [(1.0, 0, 0.0, "no")]}, "state 1, action 0: terminated is 'no'"),
    "no outcome": ({0: []}, "state 1, action 0: expected a list"),
    "no action": ({}, "state 1 has no legal action"),
    "name": ({"up": [(1.0, 0, 0.0, False)]}, "state 1: action 'up'"),
}


@pytest.mark.parametrize(("entry", "message"), BAD.values(), ids=BAD)
def test_planner_and_learner_refuse_the_same(entry, message):
    table = {0: GOOD[0], 1: entry}
    with pytest.raises(InputError, match=message):
        FiniteMDP.from_table(table, 0.9)
    with pytest.raises(InputError, match=message):
        learn(Shown(table, [1.0, 0.0]), episodes=1)


@pytest.mark.parametrize("start", [[0.5, 0.6], [1.0], [1.5, -0.5], [NAN, 1.0]])
def test_a_start_that_is_no_distribution(start):
    with pytest.raises(InputError, match="start is no distribution over the 2 states"):
        learn(Shown(GOOD, start), episodes=1)


def test_learning_needs_every_action_in_every_state():
    table = {0: {0: [(1.0, 1, 0.0, False)], 1: [(1.0, 0, 0.0, True)]}, 1: GOOD[1]}
    assert FiniteMDP.from_table(table, 0.9).state.tolist() == [0, 0, 1]
    with pytest.raises(InputError, match="state 1 lacks action 1"):
        learn(Shown(table, [1.0, 0.0]), episodes=1)


def test_what_is_kept_by_hand():
    table = OutcomeTable.parse(GOOD, [0.5, 0.5])
    assert table.first.tolist() == [0, 1, 3]
    assert table.row.tolist() == [0, 1, 1]
    assert table.probability.tolist() == [1.0, 0.25, 0.75]
    mdp = FiniteMDP.from_table(table, 0.9)
    assert mdp.reward.tolist() == [0.0, 0.25 * 2 + 0.75 * 4]
    assert mdp.termination.tolist() == [0.0, 0.75]
    np.testing.assert_array_equal(mdp.continuation.toarray(), [[0, 1], [0.25, 0]])
    assert mdp.start.tolist() == [0.5, 0.5]


@given(mdp=mdps)
@settings(max_examples=30)
def test_outcomes_of_a_process_make_the_same_process(mdp):
    again = FiniteMDP.from_table(mdp.outcome_table, mdp.discount)
    assert again.state.tolist() == mdp.state.tolist()
    assert again.action.tolist() == mdp.action.tolist()
    np.testing.assert_array_equal(again.continuation.toarray(), mdp.continuation.toarray())
    np.testing.assert_array_equal(again.termination, mdp.termination)
    np.testing.assert_allclose(again.reward, mdp.reward, atol=1e-12)


def test_a_process_is_learned_from():
    mdp = FiniteMDP.from_table({0: GOOD[0], 1: {0: [(1.0, 1, 5.0, True)]}}, 0.5, start=[1.0, 0.0])
    found = learn(mdp, episodes=20, alpha=1.0, discount=0.5)
    assert found.q[0].tolist() == [[2.5], [5.0]]
    with pytest.raises(InputError, match="no start distribution"):
        learn(FiniteMDP.from_table(GOOD, 0.5), episodes=1)


def test_the_order_in_which_actions_are_listed_does_not_matter():
    actions = {0: [(1.0, 1, 3.0, False)], 1: [(1.0, 0, 5.0, True)]}
    backwards = dict(reversed(actions.items()))
    mdp = FiniteMDP.from_table({0: backwards, 1: actions}, 0.9)
    assert mdp.action.tolist() == [0, 1, 0, 1]
    assert mdp.reward.tolist() == [3.0, 5.0, 3.0, 5.0]
