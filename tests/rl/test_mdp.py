"""Building and checking decision processes; the operators against dense arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from random_mdps import mdps, random_mdp
from scipy import sparse

from latimer.errors import InputError
from latimer.rl import FiniteMDP

P = np.array([[[0.5, 0.5], [0.0, 1.0]], [[1.0, 0.0], [0.25, 0.75]]])  # [state, action, state]
R3 = np.array([[[2.0, 4.0], [9.0, 1.0]], [[5.0, 7.0], [4.0, 8.0]]])
R2 = np.array([[3.0, 1.0], [5.0, 7.0]])  # the expectation of R3


def same(first: FiniteMDP, second: FiniteMDP) -> None:
    assert first.state.tolist() == second.state.tolist()
    assert first.action.tolist() == second.action.tolist()
    np.testing.assert_allclose(first.reward, second.reward)
    np.testing.assert_allclose(first.termination, second.termination)
    np.testing.assert_allclose(first.continuation.toarray(), second.continuation.toarray())


def test_every_form_of_rewards_and_transitions_says_the_same():
    dense = FiniteMDP.from_dense(P, R2, 0.9)
    matrices = [sparse.csr_array(P[:, a]) for a in (0, 1)]
    table = {
        s: {a: [(P[s, a, t], t, R3[s, a, t], False) for t in (0, 1)] for a in (0, 1)}
        for s in (0, 1)
    }
    same(dense, FiniteMDP.from_dense(P, R3, 0.9))
    same(dense, FiniteMDP.from_sparse(matrices, R2, 0.9))
    rewards = [sparse.csr_array(R3[:, a]) for a in (0, 1)]
    same(dense, FiniteMDP.from_sparse(matrices, rewards, 0.9))
    same(dense, FiniteMDP.from_table(table, 0.9))
    of_state = FiniteMDP.from_dense(P, [3.0, 5.0], 0.9)
    assert of_state.reward.tolist() == [3, 3, 5, 5]


@pytest.mark.parametrize("rewards", [[3.0, 5.0], R2, R3], ids=["R(s)", "R(s,a)", "R(s,a,s')"])
def test_terminal_states_pay_only_rewards_of_the_state(rewards):
    matrices = [sparse.csr_array(P[:, a]) for a in (0, 1)]
    given_sparse = (
        [sparse.csr_array(R3[:, a]) for a in (0, 1)] if rewards is R3 else np.asarray(rewards)
    )
    for mdp in (
        FiniteMDP.from_dense(P, rewards, 0.9, terminal=[False, True]),
        FiniteMDP.from_sparse(matrices, given_sparse, 0.9, terminal=[False, True]),
    ):
        assert mdp.state.tolist() == [0, 0, 1]
        assert mdp.termination.tolist() == [0, 0, 1]
        assert mdp.reward[2] == (5.0 if np.ndim(rewards) == 1 else 0.0)
        assert mdp.continuation[[2]].nnz == 0


def test_illegal_actions_may_hold_anything():
    rubbish = P.copy()
    rubbish[0, 1] = np.nan
    mdp = FiniteMDP.from_dense(rubbish, [[3, -np.inf], [5, 7]], 0.9, legal=[[1, 0], [1, 1]])
    assert mdp.action_values(np.zeros(2)).tolist() == [[3, -np.inf], [5, 7]]
    for action in (1, -1, 2):
        with pytest.raises(InputError, match=f"state 0: action {action} is not legal"):
            mdp.under([action, 0])
        with pytest.raises(InputError, match=f"state 0: action {action} is not legal"):
            mdp.row(0, action)
    assert [mdp.row(0, 0), mdp.row(1, 0), mdp.row(1, 1)] == [0, 1, 2]


@given(mdp=mdps)
@settings(max_examples=40)
def test_operators_agree_with_each_other_and_with_dense_arithmetic(mdp):
    values = np.linspace(-1, 1, mdp.states)
    q = np.full((mdp.states, mdp.actions), -np.inf)
    for row in range(mdp.rows):
        going = mdp.continuation[[row]].toarray()[0]
        q[mdp.state[row], mdp.action[row]] = mdp.reward[row] + mdp.discount * going @ values
    np.testing.assert_allclose(mdp.action_values(values), q, atol=1e-12)
    np.testing.assert_allclose(mdp.bellman(values), q.max(axis=1), atol=1e-12)
    np.testing.assert_allclose(
        mdp.under(mdp.greedy(values)).bellman(values), q.max(axis=1), atol=1e-12
    )


def test_a_policy_of_probabilities_mixes_rows():
    mdp = FiniteMDP.from_dense(P, R2, 0.9)
    mixed = mdp.under([[0.5, 0.5], [0.0, 1.0]])
    assert mixed.reward.tolist() == [2, 7]
    np.testing.assert_allclose(mixed.continuation.toarray(), [[0.25, 0.75], [0.25, 0.75]])
    np.testing.assert_allclose(mdp.uniform_policy(), 0.5)
    fixed = mdp.under([1, 0])
    as_weights = mdp.under([[0.0, 1.0], [1.0, 0.0]])
    np.testing.assert_allclose(fixed.value(), as_weights.value())


def broken(**changes):
    arrays = {"transition": P.copy(), "reward": R2.copy(), "discount": 0.9, **changes}
    return lambda: FiniteMDP.from_dense(**arrays)


def altered(array, at, value):
    copy = array.copy()
    copy[at] = value
    return copy


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (broken(transition=altered(P, (1, 0, 0), 0.9)), "state 1, action 0: .*sum to 0.9, not 1"),
        (broken(transition=altered(P, (1, 1, 0), -0.25)), "state 1, action 1: .*is negative"),
        (broken(transition=altered(P, (0, 1, 0), np.nan)), "state 0, action 1: .*not a number"),
        (broken(reward=altered(R2, (1, 1), np.nan)), "state 1, action 1: reward is not"),
        (broken(reward=altered(R2, (1, 1), np.inf)), "state 1, action 1: reward is not"),
        (broken(discount=1.5), r"discount 1.5 is outside \[0, 1\]"),
        (broken(discount=float("nan")), "discount nan"),
        (broken(legal=[[True, True], [False, False]]), "state 1 has no legal action"),
        (broken(legal=[True, True]), "legal has shape"),
        (broken(terminal=[True]), "terminal has shape"),
        (broken(reward=np.zeros(3)), r"reward has shape \[2\], \[2, 2\]"),
        (broken(transition=np.zeros((2, 2, 3))), "transition has shape"),
        (broken(start=[0.5, 0.6]), "start is no distribution"),
        (broken(start=[1.0]), "start is no distribution"),
        (broken(state_names=["a"]), "1 state names for 2 states"),
        (broken(action_names=["a"]), "1 action names"),
        (
            broken(
                transition=altered(P, (1, 0, 0), 0.9),
                state_names=["a", "b"],
                action_names=["go", "stop"],
            ),
            r"state 1 \(b\), action 0 \(go\)",
        ),
        (lambda: FiniteMDP.from_table({0: {}}, 0.9), "state 0 has no legal action"),
        (lambda: FiniteMDP.from_table({}, 0.9), "the table has no states"),
        (lambda: FiniteMDP.from_table([], 0.9), "mapping of states to actions, not list"),
        (lambda: FiniteMDP.from_table({1: {0: []}}, 0.9), "states are not"),
        (
            lambda: FiniteMDP.from_table({0: {0: [(1.0, 7, 0.0, False)]}}, 0.9),
            "state 0, action 0: successor 7 is no state",
        ),
        (lambda: FiniteMDP.from_sparse([], R2, 0.9), "one matrix"),
        (lambda: FiniteMDP.from_sparse([sparse.eye_array(2)], R2, 0.9), "reward has shape"),
    ],
)
def test_bad_input_names_the_state_and_action(build, message):
    with pytest.raises(InputError, match=message):
        build()


def test_bad_policies_and_values_are_named():
    mdp = FiniteMDP.from_dense(P, R2, 0.9)
    with pytest.raises(InputError, match="a policy has shape"):
        mdp.under([0.5, 0.5])
    with pytest.raises(InputError, match=r"state 1 sum to 0\.9"):
        mdp.under([[1.0, 0.0], [0.5, 0.4]])
    with pytest.raises(InputError, match="values have shape"):
        mdp.bellman(np.zeros(3))


def test_no_zeros_are_stored():
    mdp = random_mdp(1, 50, 3, 0.9, 0.3)
    assert sparse.issparse(mdp.continuation)
    assert mdp.continuation.data.all()
