"""Values that textbooks print, or that exact linear algebra gives for textbook problems."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from latimer.rl import (
    FiniteMDP,
    MarkovRewardProcess,
    finite_horizon,
    gauss_seidel,
    modified_policy_iteration,
    policy_iteration,
    prioritised_sweeping,
    value_iteration,
)

gymnasium = pytest.importorskip("gymnasium")
PLANNERS = [
    value_iteration,
    gauss_seidel,
    prioritised_sweeping,
    policy_iteration,
    modified_policy_iteration,
]


def of_gymnasium(name: str, discount: float, **settings: object) -> FiniteMDP:
    env = gymnasium.make(name, **settings).unwrapped
    return FiniteMDP.from_table(env.P, discount, start=env.initial_state_distrib)


@pytest.mark.parametrize("planner", PLANNERS)
@pytest.mark.parametrize(
    ("name", "discount", "settings", "value"),
    [
        ("FrozenLake-v1", 1.0, {}, 14 / 17),
        ("FrozenLake-v1", 0.99, {}, 0.542026),
        ("FrozenLake-v1", 0.99, {"is_slippery": False}, 0.99**5),
        ("FrozenLake8x8-v1", 1.0, {}, 1.0),
        ("FrozenLake8x8-v1", 0.99, {}, 0.414640),
        ("FrozenLake8x8-v1", 0.99, {"is_slippery": False}, 0.99**13),
        ("CliffWalking-v1", 1.0, {}, -13.0),
        ("Taxi-v4", 1.0, {}, 7.93),
        ("Taxi-v4", 0.99, {}, 6.3275),
    ],
)
def test_gymnasium_worlds(planner, name, discount, settings, value):
    mdp = of_gymnasium(name, discount, **settings)
    found = planner(mdp, accuracy=1e-8)
    assert found.converged
    assert mdp.start @ found.values == pytest.approx(value, abs=5e-5 if "Taxi" in name else 6e-7)


@pytest.mark.parametrize(
    ("name", "steps", "best", "stationary"),
    [("FrozenLake-v1", 100, 0.744190, 0.740165), ("FrozenLake8x8-v1", 200, 0.913220, 0.862955)],
)
def test_success_within_the_step_limit(name, steps, best, stationary):
    mdp = of_gymnasium(name, 1.0)
    assert finite_horizon(mdp, steps).values[steps, 0] == pytest.approx(best, abs=1e-6)
    process = mdp.under(policy_iteration(mdp.with_discount(0.99)).policy)
    values = np.zeros(mdp.states)
    for _ in range(steps):
        values = process.bellman(values)
    assert values[0] == pytest.approx(stationary, abs=1e-6)


def test_taxi_returns_range_from_3_to_15():
    mdp = of_gymnasium("Taxi-v4", 1.0)
    values = policy_iteration(mdp).values[mdp.start > 0]
    assert len(values) == 300
    assert values.min() == pytest.approx(3)
    assert values.max() == pytest.approx(15)


def test_duplicate_successors_add_up_and_only_the_flag_ends():
    lake = of_gymnasium("FrozenLake-v1", 1.0)
    assert lake.continuation[[lake.row(0, 0)]].toarray()[0, [0, 4]] == pytest.approx([2 / 3, 1 / 3])
    assert lake.termination[lake.row(15, 0)] == 1.0
    cliff = of_gymnasium("CliffWalking-v1", 1.0)
    assert cliff.termination[cliff.row(47, 0)] == 0.0  # the goal itself is not absorbing
    assert cliff.termination[cliff.row(35, 2)] == 1.0  # stepping on it is what ends


def test_random_walk():
    """Sutton & Barto, example 6.2."""
    walk = np.zeros((7, 7))
    for state in range(1, 6):
        walk[state, [state - 1, state + 1]] = 0.5
    reward = np.zeros((7, 7))
    reward[5, 6] = 1
    ends = [True, *[False] * 5, True]
    process = MarkovRewardProcess.from_dense(walk, reward, 1.0, terminal=ends)
    assert process.value()[1:6] == pytest.approx(np.arange(1, 6) / 6)


STUDENT = ["C1", "C2", "C3", "Pass", "Pub", "FB", "Sleep"]


@pytest.mark.parametrize(
    ("discount", "values"),
    [
        (1.0, [-12.54, 1.46, 4.32, 10, 0.80, -22.54, 0]),
        (0.9, [-5.01, 0.94, 4.09, 10, 1.91, -7.64, 0]),
        (0.0, [-2, -2, -2, 10, 1, -1, 0]),
    ],
)
@pytest.mark.parametrize("method", ["dense", "sparse", "krylov"])
def test_student_reward_process(discount, values, method):
    """Silver, UCL course on reinforcement learning, lecture 2."""
    p = np.zeros((7, 7))
    for source, target, probability in [
        *[("C1", "C2", 0.5), ("C1", "FB", 0.5), ("C2", "C3", 0.8), ("C2", "Sleep", 0.2)],
        *[("C3", "Pass", 0.6), ("C3", "Pub", 0.4), ("Pass", "Sleep", 1), ("Pub", "C1", 0.2)],
        *[("Pub", "C2", 0.4), ("Pub", "C3", 0.4), ("FB", "FB", 0.9), ("FB", "C1", 0.1)],
    ]:
        p[STUDENT.index(source), STUDENT.index(target)] = probability
    process = MarkovRewardProcess.from_dense(
        p,
        [-2, -2, -2, 10, 1, -1, 0],
        discount,
        terminal=[name == "Sleep" for name in STUDENT],
        state_names=STUDENT,
    )
    assert process.value(method) == pytest.approx(np.array(values), abs=6e-3)
    assert process.evaluate(1e-9).values == pytest.approx(process.value(), abs=2e-9)


@pytest.mark.parametrize("planner", PLANNERS)
def test_gambler(planner):
    """Sutton & Barto, example 4.3, p = 0.4: many stakes are equally good."""
    table: dict = {0: {0: [(1.0, 0, 0.0, True)]}, 100: {0: [(1.0, 100, 0.0, True)]}}
    for capital in range(1, 100):
        table[capital] = {
            stake: [
                (0.4, capital + stake, float(capital + stake == 100), capital + stake == 100),
                (0.6, capital - stake, 0.0, capital == stake),
            ]
            for stake in range(1, min(capital, 100 - capital) + 1)
        }
    found = planner(FiniteMDP.from_table(table, 1.0))
    assert found.converged
    assert found.values[[25, 50, 75]] == pytest.approx([0.16, 0.4, 0.64])
    assert found.values[[1, 99]] == pytest.approx([0.0021, 0.9643], abs=5e-5)


@pytest.mark.parametrize("planner", PLANNERS)
def test_puterman(planner):
    """Puterman 1994, section 3.1; action 1 of state 1 does not exist."""
    mdp = FiniteMDP.from_dense(
        [[[0.5, 0.5], [0, 1]], [[0, 1], [0.5, 0.5]]],
        [[5, 10], [-1, -np.inf]],
        0.95,
        legal=[[True, True], [True, False]],
    )
    found = planner(mdp)
    assert found.values == pytest.approx([-60 / 7, -20])
    assert found.policy.tolist() == [0, 0]


@pytest.mark.parametrize("planner", PLANNERS)
@pytest.mark.parametrize(
    ("discount", "values"), [(0.9, [26.244, 29.484, 33.484]), (0.96, [74.6496, 78.1056, 82.1056])]
)
def test_forest_management(planner, discount, values):
    """The example of the MDP toolbox (Chadès et al.): wait or cut, fire with probability 0.1."""
    wait = [[0.1, 0.9, 0], [0.1, 0, 0.9], [0.1, 0, 0.9]]
    cut = [[1, 0, 0]] * 3
    dense = np.stack([wait, cut], axis=1)
    mdp = FiniteMDP.from_dense(dense, [[0, 0], [0, 1], [4, 2]], discount)
    found = planner(mdp)
    assert found.values == pytest.approx(values, abs=1e-4)
    assert found.policy.tolist() == [0, 0, 0]


def car_lot(asked: float, returned: float) -> tuple[np.ndarray, np.ndarray]:
    """One location of Jack's: p(cars next evening | cars in the morning) and expected rentals."""
    cars = np.arange(21)
    poisson = {mean: stats.poisson(mean) for mean in (asked, returned)}
    after, rented = np.zeros((21, 21)), np.zeros(21)
    for morning in cars:
        chances = poisson[asked].pmf(np.arange(morning))
        chances = np.append(chances, 1 - chances.sum())  # as many as there are, or more
        rented[morning] = chances @ np.arange(morning + 1)
        for rentals, chance in enumerate(chances):
            left = morning - rentals
            back = poisson[returned].pmf(np.arange(20 - left))
            after[morning, left:20] += chance * back
            after[morning, 20] += chance * (1 - back.sum())
    return after, rented


def jacks_income(policy: np.ndarray, cars: int) -> tuple[float, float]:
    """Mean discounted income over 4,000 simulated businesses that begin with so many cars a lot."""
    rng = np.random.default_rng(1)
    lots = np.full((4000, 2), cars)
    income, weight = np.zeros(4000), 1.0
    for _ in range(150):
        move = policy[lots[:, 0], lots[:, 1]]
        lots = np.minimum(lots + np.stack([-move, move], 1), 20)
        rented = np.minimum(rng.poisson([3, 4], lots.shape), lots)
        income += weight * (10 * rented.sum(1) - 2 * abs(move))
        lots = np.minimum(lots - rented + rng.poisson([3, 2], lots.shape), 20)
        weight *= 0.9
    return float(income.mean()), float(income.std() / 4000**0.5)


def test_jacks_car_rental():
    # Sutton & Barto (2018), example 4.2 and figure 4.2.
    (first, rents), (second, more) = car_lot(3, 3), car_lot(4, 2)
    transition = np.zeros((441, 11, 441))
    reward, legal = np.zeros((441, 11)), np.zeros((441, 11), bool)
    for one, two, moved in np.ndindex(21, 21, 11):
        move = moved - 5
        if -two <= move <= one:
            a, b, state = min(one - move, 20), min(two + move, 20), 21 * one + two
            legal[state, moved] = True
            reward[state, moved] = 10 * (rents[a] + more[b]) - 2 * abs(move)
            transition[state, moved] = np.outer(first[a], second[b]).ravel()
    transition[~legal], transition[~legal, 0] = 0, 1
    mdp = FiniteMDP.from_dense(transition, reward, 0.9, legal=legal)
    found = policy_iteration(mdp)
    values, policy = found.values.reshape(21, 21), found.policy.reshape(21, 21) - 5
    assert values[0, 0] == pytest.approx(420, abs=2)
    assert values.min() == values[0, 0]
    assert values.max() == values[20, 20]
    for full in (0, 20):
        mean, error = jacks_income(policy, full)
        assert values[full, full] == pytest.approx(mean, abs=4 * error)
    # The figure's shape: up to 5 cars from the full first lot, up to 4 from the full second.
    assert policy.max() == policy[20, 0] == 5
    assert policy.min() == policy[0, 20] == -4
    assert (np.diff(policy, axis=0) >= 0).all()
    assert (np.diff(policy, axis=1) <= 0).all()
    assert (np.diag(policy) >= 0).all()
    assert found.iterations <= 6
