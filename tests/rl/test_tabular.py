"""Learning from experience, against plain Python, exact values and the textbook's figures."""

import gymnasium
import numpy as np
import pytest
import torch

from latimer.errors import InputError
from latimer.rl import FiniteMDP, GridWorld, td_targets, value_iteration
from latimer.rl.tabular import ALGORITHMS, learn
from latimer.rl.tabular.chance import new_chance
from latimer.rl.tabular.rules import DOUBLE_Q, EXPECTED_SARSA, Q_LEARNING, SARSA, target

MASK = 2**64 - 1


class PlainChance:
    """SplitMix64 in Python's whole numbers."""

    def __init__(self, seed, run):
        self.state = int(new_chance(seed, run)[0])

    def __call__(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return ((z ^ (z >> 31)) >> 11) / 2**53


def plain_draw(chances, chance):
    if len(chances) == 1:
        return 0
    number, total = chance(), np.cumsum(chances)
    return next((i for i in range(len(chances) - 1) if number < total[i]), len(chances) - 1)


def plain_act(rows, epsilon, chance):
    number = chance()
    if number < epsilon:
        return int(number / epsilon * len(rows[0]))
    values = [sum(column) for column in zip(*rows, strict=True)]
    greatest = [action for action, value in enumerate(values) if value == max(values)]
    return greatest[int((number - epsilon) / (1 - epsilon) * len(greatest))]


def plain_target(name, q, k, reward, gamma, state, action, epsilon):
    if gamma == 0:
        return reward
    row = [float(value) for value in q[k][state]]
    if name == "sarsa":
        return reward + gamma * row[action]
    if name == "double-q":
        return reward + gamma * float(q[1 - k][state][row.index(max(row))])
    if name == "expected-sarsa":
        return reward + gamma * (epsilon * (sum(row) / len(row)) + (1 - epsilon) * max(row))
    return reward + gamma * max(row)


def plain_learn(env, name, episodes, alpha, epsilon, gamma, limit, seed):
    """Section 6 of Sutton & Barto, written down once more."""
    table, chance, returns = env.unwrapped.P, PlainChance(seed, 0), []
    start = env.unwrapped.initial_state_distrib
    q = np.zeros((2 if name == "double-q" else 1, len(table), len(table[0])))
    for _ in range(episodes):
        state, total, steps, ended = plain_draw(start, chance), 0.0, 0, False
        action = plain_act(q[:, state], epsilon, chance)
        while not ended and steps < limit:
            outcomes = table[state][action]
            at = plain_draw([outcome[0] for outcome in outcomes], chance)
            _, after, reward, ended = outcomes[at]
            total, steps, following = total + reward, steps + 1, 0
            if name == "sarsa" and not ended:
                following = plain_act(q[:, after], epsilon, chance)
            k = int(name == "double-q" and chance() < 0.5)
            aim = plain_target(name, q, k, reward, 0 if ended else gamma, after, following, epsilon)
            q[k, state, action] += alpha * (aim - q[k, state, action])
            if name != "sarsa" and not ended:
                following = plain_act(q[:, after], epsilon, chance)
            state, action = after, following
        returns.append(total)
    return q.mean(axis=0), returns


@pytest.mark.parametrize("name", ALGORITHMS)
@pytest.mark.parametrize("env_id", ["FrozenLake-v1", "CliffWalking-v1"])
def test_compiled_learning_is_bit_equal_to_plain_python(name, env_id):
    env = gymnasium.make(env_id)
    found = learn(env, name, episodes=40, alpha=0.3, epsilon=0.2, discount=0.9, limit=60, seed=5)
    q, returns = plain_learn(env, name, 40, 0.3, 0.2, 0.9, 60, 5)
    assert found.q[0].tolist() == q.tolist()
    assert found.returns[0].tolist() == returns
    assert np.abs(q).max() > 0 or env_id == "FrozenLake-v1"


def test_targets_are_those_of_td_targets():
    generator = np.random.default_rng(1)
    q = generator.normal(size=(2, 3, 4))
    two = torch.tensor(q[:, 1])
    r, gamma = torch.tensor(0.7, dtype=torch.float64), torch.tensor(0.9, dtype=torch.float64)
    policy = torch.full((4,), 0.05, dtype=torch.float64)
    policy[two[0].argmax()] += 0.8
    expected = {
        Q_LEARNING: td_targets.q_learning(r, gamma, two[0]),
        SARSA: td_targets.sarsa(r, gamma, two[0], torch.tensor(2)),
        EXPECTED_SARSA: td_targets.expected_sarsa(r, gamma, two[0], policy),
        DOUBLE_Q: td_targets.double_q(r, gamma, two[1], two[0]),
    }
    for rule, aim in expected.items():
        assert target(rule, q, 0, 0.7, 0.9, 1, 2, 0.2) == pytest.approx(aim.item(), abs=1e-12)
        assert target(rule, q, 0, 0.7, 0.0, 1, 2, 0.2) == 0.7


@pytest.mark.parametrize(
    ("name", "late", "tolerance"),
    [("sarsa", -26.8, 1.0), ("q-learning", -50.2, 1.0), ("expected-sarsa", -20.9, 0.5)],
)
def test_cliff_walking_as_in_sutton_and_barto_6_6(name, late, tolerance):
    found = learn(
        gymnasium.make("CliffWalking-v1"), name, episodes=500, alpha=0.5, epsilon=0.1, discount=1,
        runs=1000, seed=1,
    )  # fmt: skip
    assert found.returns[:, 400:].mean() == pytest.approx(late, abs=tolerance)


def test_expected_sarsa_bears_a_step_size_of_one_and_sarsa_does_not():
    settings = {"episodes": 1000, "alpha": 1.0, "epsilon": 0.1, "discount": 1, "runs": 20}
    cliff = gymnasium.make("CliffWalking-v1")
    steady = learn(cliff, "expected-sarsa", **settings, seed=2).returns[:, 500:].mean()
    wild = learn(cliff, "sarsa", **settings, seed=2, limit=20_000).returns[:, 500:].mean()
    assert steady == pytest.approx(-20.6, abs=1)
    assert wild < -200


def greedy_return(env, policy):
    """The undiscounted return of following a policy from the start, without chance."""
    table, state, total = env.unwrapped.P, int(env.unwrapped.initial_state_distrib.argmax()), 0
    for _ in range(100):
        _, state, reward, ended = table[state][int(policy[state])][0]
        total += reward
        if ended:
            break
    return total


def test_greedy_paths_on_the_cliff():
    cliff = gymnasium.make("CliffWalking-v1")
    settings = {"episodes": 500, "alpha": 0.5, "epsilon": 0.1, "discount": 1, "runs": 50}
    q, expected = (learn(cliff, name, **settings) for name in ("q-learning", "expected-sarsa"))
    assert {greedy_return(cliff, q.policy(run)) for run in range(50)} == {-13}
    assert {greedy_return(cliff, expected.policy(run)) for run in range(50)} == {-15}


def success_within(env, policy, steps):
    """Probability of reaching the goal of a frozen lake in so many steps, exactly."""
    mdp = FiniteMDP.from_table(env.unwrapped.P, 1.0)
    process, value = mdp.under(policy), np.zeros(mdp.states)
    for _ in range(steps):
        value = process.bellman(value)
    return value[0]


def test_the_large_frozen_lake_is_learned():
    lake = gymnasium.make("FrozenLake8x8-v1")
    found = learn(
        lake,
        episodes=60_000,
        alpha=(0.5, 0.01),
        epsilon=(1.0, 0.1),
        discount=0.999,
        initial=1,
        runs=3,
        seed=1,
    )
    assert lake.spec.max_episode_steps == 200
    for run in range(3):
        assert success_within(lake, found.policy(run), 200) >= 0.95 * 0.913220


@pytest.mark.parametrize("name", ["q-learning", "double-q"])
def test_with_shrinking_steps_the_values_are_the_optimal_ones(name):
    world = GridWorld.textbook("aima")
    exact = value_iteration(world.mdp(0.9)).values
    found = learn(world, name, episodes=100_000, alpha=(0.03, 0.0), epsilon=1, discount=0.9, seed=3)
    assert found.q[0].max(axis=1) == pytest.approx(exact, abs=0.03)


def test_threads_and_runs_change_nothing():
    world = GridWorld.textbook("windy")
    one = learn(world, "sarsa", episodes=50, runs=4, seed=9)
    two = learn(world, "sarsa", episodes=50, runs=4, seed=9, threads=2)
    first = learn(world, "sarsa", episodes=50, runs=1, seed=9)
    assert one.q.tolist() == two.q.tolist()
    assert one.q[0].tolist() == first.q[0].tolist()
    assert one.q[0].tolist() != one.q[1].tolist()


class Corridor(gymnasium.Env):
    """Five cells, numbered from 10; the right end pays 1 and ends. It shows no table."""

    observation_space = gymnasium.spaces.Discrete(5, start=10)
    action_space = gymnasium.spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.cell = 0
        return 10, {}

    def step(self, action):
        self.cell = max(0, self.cell + (1 if action else -1))
        return self.cell + 10, float(self.cell == 4), self.cell == 4, False, {}


@pytest.mark.parametrize("name", ALGORITHMS)
def test_an_environment_without_a_table_is_learned_by_its_steps(name):
    found = learn(Corridor(), name, episodes=300, alpha=0.5, epsilon=0.2, discount=0.9, seed=1)
    assert found.policy()[:4].tolist() == [1, 1, 1, 1]
    assert found.q[0, 3, 1] == pytest.approx(1)
    if name == "q-learning":
        assert found.q[0, :4, 1] == pytest.approx([0.9**3, 0.9**2, 0.9, 1], abs=1e-3)


def test_a_cut_off_episode_bootstraps():
    found = learn(
        Corridor(), episodes=300, alpha=1, epsilon=1, discount=0.9, limit=1, initial=2, seed=1
    )
    # One step, from the first cell to its neighbours only, both still worth 2.
    assert found.q[0, 0, 1] == pytest.approx(1.8)
    assert found.lengths.max() == 1


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"algorithm": "sarsaa"}, "valid choices: q-learning"),
        ({"alpha": 1.5}, "alpha is 1.5"),
        ({"epsilon": (0.1, -1)}, "epsilon is -1"),
        ({"discount": float("nan")}, "discount is nan"),
        ({"episodes": 0}, "episodes is 0"),
        ({"limit": 0}, "limit of 0"),
        ({"world": "CartPole-v1"}, "finitely many states"),
    ],
)
def test_what_cannot_be_is_named(changed, complaint):
    settings = {"world": "CliffWalking-v1", "episodes": 3} | changed
    with pytest.raises(InputError, match=complaint):
        learn(gymnasium.make(settings.pop("world")), **settings)
