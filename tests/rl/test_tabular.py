"""Learning from experience, against plain Python, exact values and the textbook's figures."""

import gymnasium
import numpy as np
import pytest
import torch

from latimer.errors import InputError
from latimer.rl import FiniteMDP, GridWorld, td_targets, value_iteration
from latimer.rl.tabular import ALGORITHMS, learn
from latimer.rl.tabular.agent import Transition
from latimer.rl.tabular.certainty import Counts, count, estimate
from latimer.rl.tabular.rules import DOUBLE_Q, EXPECTED_SARSA, Q_LEARNING, SARSA, target
from latimer.rl.tabular.schedules import check_schedule, spread
from latimer.rl.tabular.settings import TRACES
from latimer.rl.tabular.splitmix import new_generator
from latimer.rl.tabular.traces import Traces, learn_with_traces

MASK = 2**64 - 1


class PlainSplitMix:
    """SplitMix64 in Python's whole numbers."""

    def __init__(self, seed, run):
        self.state = int(new_generator(seed, run)[0])

    def __call__(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return ((z ^ (z >> 31)) >> 11) / 2**53


def plain_outcome(probabilities, draw):
    if len(probabilities) == 1:
        return 0
    number, total = draw(), np.cumsum(probabilities)
    return next(
        (i for i in range(len(probabilities) - 1) if number < total[i]), len(probabilities) - 1
    )


def plain_act(rows, epsilon, draw):
    number = draw()
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


def plain_learn(env, name, episodes, alpha, epsilon, gamma, limit, seed, by_visits=False):
    """Chapter 6 of Sutton & Barto, written down once more; `LATER` has the other chapters."""
    table, draw, returns = env.unwrapped.P, PlainSplitMix(seed, 0), []
    start = env.unwrapped.initial_state_distrib
    q = np.zeros((2 if name == "double-q" else 1, len(table), len(table[0])))
    later = LATER[name](q[0], alpha, draw) if name in LATER else None
    visits = np.zeros(q.shape[1:])
    ahead = name in ("sarsa", "sarsa-lambda", "q-lambda")
    for _ in range(episodes):
        state, total, steps, ended = plain_outcome(start, draw), 0.0, 0, False
        action = plain_act(q[:, state], epsilon, draw)
        while not ended and steps < limit:
            outcomes = table[state][action]
            at = plain_outcome([outcome[0] for outcome in outcomes], draw)
            _, after, reward, ended = outcomes[at]
            total, steps, next_action = total + reward, steps + 1, 0
            if ahead and not ended:
                next_action = plain_act(q[:, after], epsilon, draw)
            visits[state, action] += 1
            size = alpha / visits[state, action] if by_visits else alpha
            if later is not None:
                later.step(state, action, reward, 0 if ended else gamma, after, next_action)
            else:
                k = int(name == "double-q" and draw() < 0.5)
                now = 0 if ended else gamma
                aim = plain_target(name, q, k, reward, now, after, next_action, epsilon)
                q[k, state, action] += size * (aim - q[k, state, action])
            if not ahead and not ended:
                next_action = plain_act(q[:, after], epsilon, draw)
            state, action = after, next_action
        if hasattr(later, "over"):
            later.over()
        returns.append(total)
    return q.mean(axis=0), returns


class PlainTraces:
    """Section 12.7 for tables, with traces kept in a dictionary."""

    off_policy, kind = False, "replacing"

    def __init__(self, q, alpha, draw):
        self.q, self.alpha, self.traces = q, alpha, {}

    def step(self, state, action, reward, gamma, after, next_action):
        row = self.q[after]
        ahead = row.max() if self.off_policy else row[next_action]
        delta = self.alpha * ((reward + gamma * ahead if gamma else reward) - self.q[state, action])
        greedy = row[next_action] == row.max()
        trace = self.traces.get((state, action), 0.0)
        rises = {"accumulating": trace + 1, "dutch": (1 - self.alpha) * trace + 1}
        self.traces[state, action] = rises.get(self.kind, 1.0)
        for pair in self.traces:
            self.q[pair] += delta * self.traces[pair]
        fade = gamma * 0.9
        self.traces = {pair: trace * fade for pair, trace in self.traces.items()}
        if not gamma or (self.off_policy and not greedy):
            self.over()

    def over(self):
        self.traces = {}


class PlainQTraces(PlainTraces):
    off_policy = True


class PlainDyna:
    """The box on page 164."""

    def __init__(self, q, alpha, draw):
        self.q, self.alpha, self.draw, self.model = q, alpha, draw, {}

    def update(self, pair):
        reward, gamma, after = self.model[pair]
        aim = reward + gamma * self.q[after].max() if gamma else reward
        self.q[pair] += self.alpha * (aim - self.q[pair])

    def step(self, state, action, reward, gamma, after, next_action):
        self.model[state, action] = reward, gamma, after
        self.update((state, action))
        for _ in range(10):
            self.update(list(self.model)[int(self.draw() * len(self.model))])


class PlainSweeping(PlainDyna):
    """The box on page 170, looking through all waiting pairs for the first."""

    def __init__(self, q, alpha, draw):
        super().__init__(q, alpha, draw)
        self.waiting = {}

    def urge(self, pair):
        reward, gamma, after = self.model[pair]
        aim = reward + gamma * self.q[after].max() if gamma else reward
        change = abs(aim - self.q[pair])
        if change > 1e-4:
            self.waiting[pair] = max(change, self.waiting.get(pair, 0))

    def step(self, state, action, reward, gamma, after, next_action):
        self.model[state, action] = reward, gamma, after
        self.urge((state, action))
        for _ in range(10):
            if not self.waiting:
                break
            pair = min(self.waiting, key=lambda pair: (-self.waiting[pair], pair))
            del self.waiting[pair]
            self.update(pair)
            for lead in self.model:
                if self.model[lead][2] == pair[0]:
                    self.urge(lead)


LATER = {
    "sarsa-lambda": PlainTraces,
    "q-lambda": PlainQTraces,
    "dyna-q": PlainDyna,
    "prioritised-sweeping": PlainSweeping,
}


@pytest.mark.parametrize("name", sorted(set(ALGORITHMS) - {"certainty-equivalence"}))
@pytest.mark.parametrize("env_id", ["FrozenLake-v1", "CliffWalking-v1"])
def test_compiled_learning_is_bit_equal_to_plain_python(name, env_id):
    env = gymnasium.make(env_id, **({"is_slippery": True} if "Lake" in env_id else {}))
    settings = {"episodes": 60, "alpha": 0.3, "epsilon": 0.4, "discount": 0.9, "limit": 60}
    found = learn(env, name, **settings, seed=5)
    q, returns = plain_learn(env, name, 60, 0.3, 0.4, 0.9, 60, 5)
    assert found.q[0].tolist() == q.tolist()
    assert found.returns[0].tolist() == returns
    assert np.abs(q).max() > 0 or returns == [0.0] * 60


def test_without_decay_or_planning_they_are_the_plain_algorithms():
    cliff = gymnasium.make("CliffWalking-v1")
    settings = {"episodes": 50, "alpha": 0.5, "epsilon": 0.1, "discount": 0.9, "seed": 4}
    for name, plain, option in (
        ("sarsa-lambda", "sarsa", {"decay": 0.0}),
        ("dyna-q", "q-learning", {"planning": 0}),
    ):
        found, expected = (
            learn(cliff, n, **settings, **o) for n, o in ((name, option), (plain, {}))
        )
        np.testing.assert_allclose(found.q, expected.q, rtol=1e-12)


@pytest.mark.parametrize("kind", ["accumulating", "dutch"])
@pytest.mark.parametrize("name", ["sarsa-lambda", "q-lambda"])
def test_other_traces_are_bit_for_bit_the_plain_ones(name, kind, monkeypatch):
    monkeypatch.setattr(PlainTraces, "kind", kind)
    cliff = gymnasium.make("CliffWalking-v1")
    q, returns = plain_learn(cliff, name, 30, 0.1, 0.2, 0.9, 200, 5)
    found = learn(
        cliff, name, episodes=30, alpha=0.1, epsilon=0.2, discount=0.9, limit=200, seed=5,
        traces=kind,
    )  # fmt: skip
    assert np.isfinite(q).all()
    assert found.q[0].tolist() == q.tolist()
    assert found.returns[0].tolist() == returns


@pytest.mark.parametrize("kind", TRACES)
@pytest.mark.parametrize("decay", [0.0, 0.7, 1.0])
def test_where_nothing_comes_twice_a_trace_aims_at_the_lambda_return(kind, decay):
    # A chain of six states with one action; its online updates are the offline ones.
    rng = np.random.default_rng(3)
    q, rewards, alpha = rng.normal(size=(1, 6, 1)), rng.normal(size=5), 0.4
    discounts = np.array([0.9, 0.9, 0.9, 0.9, 0.0])
    aim = td_targets.lambda_return(*map(torch.tensor, (rewards, discounts, q[0, 1:, 0])), decay)
    expected = q[0, :5, 0] + alpha * (aim.numpy() - q[0, :5, 0])
    memory = Traces(TRACES.index(kind), decay, np.zeros((6, 1)))
    for step, (reward, discount) in enumerate(zip(rewards, discounts, strict=True)):
        now = Transition(step, 0, float(reward), float(discount), step + 1, 0)
        learn_with_traces(SARSA, q, memory, alpha, 0, now, 0)
    np.testing.assert_allclose(q[0, :5, 0], expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("kind", "trace", "value"),
    [("replacing", 1.0, 2.6875), ("accumulating", 1.25, 3.109375), ("dutch", 1.125, 2.8984375)],
)
def test_a_pair_tried_twice_by_hand(kind, trace, value):
    # q 0, α ½, γλ ½ · ½: 2, which moves q to 1; then 4 + ½ · q(1) (0), so δ = ½ · (4.375 - 1).
    q, memory = np.zeros((1, 2, 1)), Traces(TRACES.index(kind), 0.5, np.zeros((2, 1)))
    learn_with_traces(SARSA, q, memory, 0.5, 0, Transition(0, 0, 2.0, 0.5, 1, 0), 0)
    assert q[0, 0, 0] == 1.0
    learn_with_traces(SARSA, q, memory, 0.5, 0, Transition(0, 0, 4.375, 0.5, 1, 0), 0)
    assert q[0, 0, 0] == value
    assert memory.trace[0, 0] == trace / 4


@pytest.mark.parametrize("name", ["q-learning", "sarsa", "expected-sarsa", "double-q"])
def test_steps_that_shrink_with_the_visits_of_a_pair(name):
    cliff = gymnasium.make("CliffWalking-v1")
    q, returns = plain_learn(cliff, name, 40, 0.8, 0.2, 0.9, 200, 6, by_visits=True)
    settings = {"epsilon": 0.2, "discount": 0.9, "limit": 200, "seed": 6, "by_visits": True}
    found = learn(cliff, name, episodes=40, alpha=0.8, **settings)
    assert found.q[0].tolist() == q.tolist()
    assert found.returns[0].tolist() == returns


def test_one_over_n_is_the_mean_of_what_was_got():
    # A frozen lake with γ 0: an action's value is the mean of its rewards; the first is forgotten.
    lake = gymnasium.make("FrozenLake-v1")
    settings = {"epsilon": 1.0, "discount": 0.0, "alpha": 1.0, "by_visits": True}
    found = learn(lake, episodes=20_000, initial=5.0, **settings)
    assert found.q[0, 14, 1:] == pytest.approx([1 / 3] * 3, abs=0.05)
    assert not found.q[0, :14].any(where=found.q[0, :14] != 5)


def test_a_full_trace_is_monte_carlo():
    # A corridor of three states, walked once: with λ = 1, γ = 1 and α = 1 every pair tried gets the
    # whole return that came after it.
    corridor = GridWorld.from_text("discount: 1\nstep: -1\n\nS..G\n")
    found = learn(
        corridor, "sarsa-lambda", episodes=1, alpha=1.0, epsilon=0.0, discount=1, decay=1.0,
        initial=0.0, seed=2,
    )  # fmt: skip
    tried = found.q[0][found.q[0] != 0]
    assert tried.min() == found.returns[0, 0] == -found.lengths[0, 0]


def step_size(name, alpha):
    """The option, for algorithms that have a step size."""
    return {} if name == "certainty-equivalence" else {"alpha": alpha}


@pytest.mark.parametrize("name", ["dyna-q", "prioritised-sweeping", "certainty-equivalence"])
def test_models_need_fewer_episodes_than_q_learning(name):
    # Sutton & Barto 2018, example 8.1 and figure 8.2: the maze's shortest path is 14 steps.
    maze = GridWorld.textbook("dyna-maze")
    settings = {"episodes": 10, "epsilon": 0.1, "discount": 0.95, "runs": 20, "seed": 1}
    direct = learn(maze, "q-learning", **settings, alpha=0.1)
    found = learn(maze, name, **settings, **step_size(name, 0.1))
    assert direct.lengths[:, 0].mean() > 250
    assert direct.lengths[:, -1].mean() > 80
    assert found.lengths[:, -1].mean() < 40


def test_planning_steps_pay_in_the_order_of_figure_8_2():
    maze = GridWorld.textbook("dyna-maze")
    settings = {"episodes": 50, "alpha": 0.1, "epsilon": 0.1, "discount": 0.95, "runs": 30}
    none, five, fifty = (
        learn(maze, "dyna-q", **settings, planning=n, seed=2).lengths.mean(axis=0)
        for n in (0, 5, 50)
    )
    assert none[:1] == pytest.approx(five[:1], rel=0.8)
    assert none[3] > 2 * five[3] > 2 * fifty[3]
    for lengths in (five, fifty):
        assert 14 <= lengths[20:].mean() < 20


def test_certainty_equivalence_ends_with_the_true_values():
    maze = GridWorld.textbook("dyna-maze")
    found = learn(
        maze, "certainty-equivalence", episodes=60, epsilon=0.2, discount=0.95, initial=1.0, seed=1
    )
    exact = value_iteration(maze.mdp(0.95), accuracy=1e-9).values
    start = int(maze.start.argmax())
    assert found.q[0, start].max() == pytest.approx(exact[start], abs=1e-5)
    assert exact[start] == pytest.approx(0.95**13)


def test_the_estimated_model_is_what_was_counted():
    counts, q = Counts.new((2, 2), 0.9, 7.0), np.full((1, 2, 2), 7.0)
    for next_state, reward, discount in (
        (1, 1.0, 0.9),
        (1, 2.0, 0.9),
        (0, 0.0, 0.9),
        (1, 5.0, 0.0),
    ):
        count(0, q, counts, 0, 0, Transition(0, 0, reward, discount, next_state, 0), 0)
    # The last one terminated.
    # Backed up four times: 7.3, 7.8, 7.54 and (8 + 0.9 · (2 · 7 + 7.54)) / 4.
    assert q[0].tolist() == [[pytest.approx(6.8465), 7.0], [7.0, 7.0]]
    mdp = estimate(counts, 0.9, 7.0)
    assert mdp.continuation.toarray()[0].tolist() == [0.25, 0.5]
    assert mdp.termination.tolist() == [0.25, 1.0, 1.0, 1.0]
    assert mdp.reward.tolist() == [2.0, 7.0, 7.0, 7.0]


def test_schedules():
    assert spread(0.3, 3).tolist() == [0.3, 0.3, 0.3]
    assert spread((1.0, 0.5), 3).tolist() == [1.0, 0.75, 0.5]
    np.testing.assert_allclose(spread((1.0, 0.01, "exponential"), 3), [1, 0.1, 0.01])
    np.testing.assert_allclose(spread((1.0, 0.25, "harmonic"), 4), [1, 1 / 2, 1 / 3, 1 / 4])
    for schedule, message in (
        (1.5, "alpha is 1.5"),
        ((0.5, 0.0, "exponential"), "not to 0"),
        ((0.5, 0.0, "harmonic"), "not to 0"),
        ((0.5, 0.1, "curved"), "linear, exponential, harmonic"),
    ):
        with pytest.raises(InputError, match=message):
            check_schedule("alpha", schedule)


@pytest.mark.parametrize(
    ("algorithm", "options", "message"),
    [
        ("sarsa", {"decay": 0.5}, "sarsa does not read decay; sarsa-lambda, q-lambda do"),
        ("q-lambda", {"decay": 1.5}, "decay is 1.5"),
        ("q-lambda", {"traces": "lasting"}, "valid choices: replacing, accumulating, dutch"),
        ("dyna-q", {"by_visits": True}, "dyna-q does not read by_visits"),
        (
            "q-lambda",
            {"by_visits": True},
            "q-lambda does not read by_visits; q-learning, sarsa, ",
        ),
        ("q-lambda", {"planning": 3}, "dyna-q, prioritised-sweeping do"),
        ("dyna-q", {"planning": -1}, "planning is -1"),
    ],
)
def test_options_that_an_algorithm_does_not_have(algorithm, options, message):
    with pytest.raises(InputError, match=message):
        learn(GridWorld.textbook("cliff"), algorithm, episodes=1, **options)


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
        runs=300, seed=1,
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
    """The undiscounted return of following a policy from the start, without randomness."""
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
    settings = {"episodes": 300, "epsilon": 0.2, "discount": 0.9, "seed": 1}
    found = learn(Corridor(), name, **settings, **step_size(name, 0.5))
    assert found.policy()[:4].tolist() == [1, 1, 1, 1]
    assert found.q[0, 3, 1] == pytest.approx(1, abs=1e-3)
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
        ({"algorithm": "sarsaa"}, "did you mean sarsa.*valid choices: q-learning"),
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
