"""What ENV means, for planning, tables and networks alike."""

import json

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from hypothesis import given, settings
from random_mdps import mdps

from latimer.errors import InputError
from latimer.rl import FiniteMDP, GridWorld, policy_iteration
from latimer.rl.deep import train
from latimer.rl.environments import Environment, environment_of, find_environment
from latimer.rl.grid.text import format_grid
from latimer.rl.grid.worlds import WORLDS
from latimer.rl.mdp.process_file import from_json, load_mdp, save_mdp, to_json
from latimer.rl.tabular import learn

# Two states; in the first, action 1 pays 1 and terminates, action 0 moves on for nothing; in the
# second, action 0 pays 3 and terminates, action 1 returns. γ 0.9: wait, then take 3.
TABLE = {
    0: {0: [(1.0, 1, 0.0, False)], 1: [(1.0, 0, 1.0, True)]},
    1: {0: [(1.0, 1, 3.0, True)], 1: [(1.0, 0, 0.0, False)]},
}
PROCESS = FiniteMDP.from_table(TABLE, 0.9, start=[1.0, 0.0], state_names=["first", "second"])


def same(one, other):
    np.testing.assert_array_equal(one.continuation.toarray(), other.continuation.toarray())
    for name in ("state", "action", "termination", "reward", "start"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert one.discount == other.discount


@given(mdp=mdps)
@settings(max_examples=25, deadline=None)
def test_a_process_as_json_is_the_same_process(mdp):
    again = from_json(json.loads(json.dumps(to_json(mdp))), "x")
    same(mdp, again)


@pytest.mark.parametrize("name", ["a.npz", "a.json"])
def test_a_process_in_a_file_is_an_environment(tmp_path, name):
    save_mdp(tmp_path / name, PROCESS)
    same(load_mdp(tmp_path / name), PROCESS)
    found = find_environment(str(tmp_path / name))
    same(found.mdp(), PROCESS)
    assert found.mdp().state_names == ["first", "second"]
    assert found.mdp(0.5).discount == 0.5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"reward": None}, "x: no decision process: reward is missing"),
        ({"reward": [1.0]}, "x: .* differ in length"),
        ({"first": [0, 1]}, "x: no decision process"),
        ({"probability": [0.5, 1.0]}, "x: state 0 .*probabilities sum to 0.5"),
        ({"states": "two"}, "x: no decision process"),
    ],
)
def test_a_damaged_process_is_named(change, message):
    with pytest.raises(InputError, match=message):
        from_json(to_json(PROCESS) | change, "x")


@pytest.mark.parametrize("name", WORLDS)
def test_a_grid_is_written_as_it_was_read(name):
    given = GridWorld.textbook(name)
    again = GridWorld.from_text(format_grid(given))
    assert (list(again.rows), again.rules) == (list(given.rows), given.rules)
    assert again.table == given.table
    assert again.start.tolist() == given.start.tolist()


def test_an_environment_comes_back_from_json():
    for env in (
        find_environment("aima"),
        environment_of(PROCESS),
        find_environment("FrozenLake-v1", {"is_slippery": False}),
    ):
        again = Environment.from_json(json.loads(json.dumps(env.to_json())), "f")
        assert again.name == env.name
        same(again.mdp(), env.mdp())
    for wrong in ("cliff", {"name": 3}, {"name": "x"}, None):
        with pytest.raises(InputError, match="f: says no environment"):
            Environment.from_json(wrong, "f")


def test_the_environment_of_a_process_is_proper_and_follows_it():
    check_env(PROCESS.environment(), skip_render_check=True)
    env = PROCESS.environment("ansi")
    assert env.reset(seed=1)[0] == 0
    assert env.render() == "state 0 (first)\n"
    assert env.step(0)[:4] == (1, 0.0, False, False)
    assert env.step(0)[:4] == (1, 3.0, True, False)
    assert env.P == TABLE


def test_episodes_are_truncated_at_the_limit():
    env = find_environment("cliff").make(limit=3)
    env.reset(seed=0)
    assert [env.step(0)[2:4] for _ in range(3)] == [(False, False)] * 2 + [(False, True)]
    cart = find_environment("CartPole-v1").make(limit=7)
    assert cart.spec.max_episode_steps == 7


@pytest.mark.parametrize("algorithm", ["a2c", "ppo", "dqn", "dynamics"])
def test_networks_find_the_optimal_policy_of_a_process(algorithm):
    exact = policy_iteration(PROCESS)
    assert exact.policy.tolist() == [0, 0]
    chosen = {"a2c": {"actor_learning_rate": 1e-2, "critic_learning_rate": 1e-2},
              "ppo": {}, "dqn": {"exploration": 0.9, "warmup": 100},
              "dynamics": {"horizon": 3, "candidates": 40, "elite": 5}}[algorithm]  # fmt: skip
    steps = 250 if algorithm == "dynamics" else 4_000
    found = train(PROCESS, algorithm, steps=steps, seed=1, limit=20, settings=chosen)
    assert [found.policy(state) for state in range(2)] == exact.policy.tolist()
    assert found.settings.discount == 0.9
    assert set(found.returns.tolist()) <= {0.0, 1.0, 3.0}


def test_tables_and_networks_refuse_the_same_processes():
    no_start = FiniteMDP.from_table(TABLE, 0.9)
    lacking = FiniteMDP.from_table({0: TABLE[0], 1: {0: TABLE[1][0]}}, 0.9, start=[1.0, 0.0])
    for mdp, message in (
        (no_start, "no start distribution"),
        (lacking, "state 1 lacks action 1; learning needs every action legal"),
    ):
        with pytest.raises(InputError, match=message):
            learn(mdp, episodes=1)
        with pytest.raises(InputError, match=message):
            train(mdp, "a2c", steps=10)


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("moon.txt", {}, "moon.txt: no such file"),
        ("moon.npz", {}, "moon.npz: no such file"),
        ("cliff", {"a": 1}, "cliff: settings are for Gymnasium environments"),
        ("CartPole-v1", {"speed": 1}, "CartPole-v1 refuses its settings"),
    ],
)
def test_names_that_stand_for_nothing(name, settings, message):
    with pytest.raises(InputError, match=message):
        find_environment(name, settings)


def test_a_grid_world_is_trained_in_by_its_name_and_as_an_object():
    by_name = train("aima", "a2c", steps=300, seed=2)
    as_object = train(GridWorld.textbook("aima"), "a2c", steps=300, seed=2)
    assert by_name.returns.tolist() == as_object.returns.tolist()
    assert by_name.settings.discount == 1.0
    assert isinstance(by_name.environment.make(), gymnasium.Env)
