"""Saved agents, loaded and evaluated."""

import json

import gymnasium
import numpy as np
import pytest
import torch
from scipy import stats

from latimer.errors import InputError
from latimer.rl import FiniteMDP, GridWorld
from latimer.rl.deep import Trained, train
from latimer.rl.environments import environment_of, find_environment
from latimer.rl.evaluation import evaluate
from latimer.rl.saved_agent import load_agent
from latimer.rl.tabular import learn

# One state: action 0 pays 1 and goes on, action 1 pays 5 and terminates with probability ½.
COIN = FiniteMDP.from_table(
    {0: {0: [(1.0, 0, 1.0, False)], 1: [(0.5, 0, 5.0, True), (0.5, 0, 5.0, False)]}},
    0.9,
    start=[1.0],
)


def test_returns_lengths_and_ends_by_hand():
    env = environment_of(COIN).make(limit=4)
    walked = evaluate(env, lambda state: 0, 3, seed=1)
    assert walked.returns.tolist() == [4.0] * 3
    assert walked.lengths.tolist() == [4] * 3
    assert not walked.terminated.any()
    assert walked.interval() == (4.0, 4.0)
    tossed = evaluate(env, lambda state: 1, 4000, seed=1)
    assert (tossed.returns == 5 * tossed.lengths).all()
    # Truncated after four steps with probability 1/16; the mean length is 1 + ½ + ¼ + ⅛.
    assert (~tossed.terminated).mean() == pytest.approx(1 / 16, abs=0.012)
    assert tossed.lengths.mean() == pytest.approx(1.875, abs=0.05)
    expected = stats.t.interval(
        0.95, 3999, loc=tossed.returns.mean(), scale=stats.sem(tossed.returns)
    )
    assert tossed.interval() == pytest.approx(expected)
    assert evaluate(env, lambda state: 1, 1, seed=1).interval() is None
    with pytest.raises(InputError, match="episodes is 0"):
        evaluate(env, lambda state: 1, 0, seed=1)


def test_the_first_episode_is_kept():
    env = find_environment("cliff").make(limit=2, render_mode="ansi")
    seen = evaluate(env, lambda state: 0, 2, seed=1).first
    assert seen.actions == [0, 0]
    assert seen.rewards == [-1.0, -1.0]
    assert len(seen.observations) == len(seen.frames) == 3
    assert seen.frames[0].splitlines()[3].startswith("@CC")
    assert seen.frames[2].splitlines()[1].startswith("@..")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("agents") / "ppo"
    train("aima", "ppo", steps=600, seed=1, limit=50, settings={"hidden": [8]}).save(folder)
    return folder


@pytest.mark.parametrize(
    ("environment", "algorithm", "steps"),
    [("Pendulum-v1", "ppo", 300), ("CartPole-v1", "dqn", 300), ("Pendulum-v1", "dynamics", 220)],
)
def test_a_loaded_agent_acts_as_the_trained_one(tmp_path, environment, algorithm, steps):
    settings = {"hidden": [8]} | ({"candidates": 20, "elite": 4} if steps == 220 else {})
    given = train(environment, algorithm, steps=steps, seed=1, limit=90, settings=settings)
    given.save(tmp_path / "agent")
    found = Trained.load(tmp_path / "agent")
    for name, module in given.learner.modules.items():
        for one, other in zip(
            module.state_dict().values(),
            found.learner.modules[name].state_dict().values(),
            strict=True,
        ):
            assert torch.equal(one, other)
    assert (found.settings, found.limit, found.steps) == (given.settings, 90, given.steps)
    assert found.returns.tolist() == given.returns.tolist()
    if algorithm != "dynamics":  # which draws its plans
        env = gymnasium.make(environment)
        for seed in range(3):
            observation, _ = env.reset(seed=seed)
            assert np.array_equal(given.policy(observation), found.policy(observation))


def test_a_process_is_kept_in_the_folder(tmp_path):
    train(COIN, "a2c", steps=50, limit=7, settings={"hidden": [4]}).save(tmp_path / "coin")
    found = load_agent(tmp_path / "coin", seed=1)
    assert found.limit == 7
    assert evaluate(found.environment.make(7), found.greedy, 5, seed=1).returns.min() >= 4


def test_sampled_actions_have_the_probabilities_of_the_policy(folder):
    found = load_agent(folder, seed=3)
    drawn = np.bincount([found.sampled(0) for _ in range(3000)], minlength=4) / 3000
    network = Trained.load(folder).learner.actor.network
    expected = torch.softmax(network(torch.eye(11)[:1]), -1)[0].detach().numpy()
    np.testing.assert_allclose(drawn, expected, atol=0.035)


def damage(folder, name, change):
    text = (folder / name).read_text("utf-8")
    facts = json.loads(text)
    facts.update(change)
    (folder / name).write_text(json.dumps(facts), "utf-8")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"algorithm": "sarsa"}, r"learned\.json: algorithm 'sarsa'.*; train again"),
        ({"environment": "CartPole-v1"}, r"learned\.json: says no environment"),
        ({"settings": {"rate": 0.1}}, r"ppo has no setting 'rate'.*; train again"),
        ({"settings": {"hidden": [9]}}, r"actor\.safetensors: weights of another network"),
        ({"returns": None}, r"learned\.json: not facts that training wrote"),
        ({"steps": "many"}, r"learned\.json: not facts that training wrote"),
    ],
)
def test_damaged_facts_are_named(folder, tmp_path, change, message):
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    damage(copy, "learned.json", change)
    with pytest.raises(InputError, match=message):
        load_agent(copy, seed=1)


def test_damaged_folders_and_files_are_named(folder, tmp_path):
    import shutil

    for name, content, message in (
        ("learned.json", b"{", "damaged"),
        ("learned.json", b"[]", "no object"),
        ("learned.json", None, "no learned.json in it, so no saved agent"),
        ("actor.safetensors", b"12", "actor.safetensors: truncated or not a safetensors file"),
        ("critic.safetensors", None, "critic.safetensors is missing"),
    ):
        copy = tmp_path / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(folder, copy)
        (copy / name).unlink()
        if content is not None:
            (copy / name).write_bytes(content)
        with pytest.raises(InputError, match=message):
            load_agent(copy, seed=1)
    with pytest.raises(InputError, match="nothing: no such file or folder"):
        load_agent(tmp_path / "nothing", seed=1)


def test_a_table_acts_greedily_or_by_its_epsilon(tmp_path):
    world = GridWorld.from_text("discount: 0.5\nstep: 0\nG = end +8\n\nS..G\n")
    found = learn(world, episodes=200, epsilon=0.5, discount=0.5, seed=1)
    place = environment_of(world)
    found.save(tmp_path / "t.npz", environment=place.to_json(), epsilon=0.25, limit=30)
    agent = load_agent(tmp_path / "t.npz", seed=2)
    assert [agent.greedy(state) for state in range(3)] == [1, 1, 1]
    assert agent.limit == 30
    drawn = np.bincount([agent.sampled(0) for _ in range(4000)], minlength=4) / 4000
    np.testing.assert_allclose(drawn, [1 / 16, 13 / 16, 1 / 16, 1 / 16], atol=0.03)
    found.save(tmp_path / "u.json", environment=place.to_json())
    assert load_agent(tmp_path / "u.json", seed=2).sampled is None
    with pytest.raises(InputError, match=r"cliff has observations .*table of 4 states"):
        load_agent(tmp_path / "t.npz", 1, find_environment("cliff"))
    found.save(tmp_path / "v.json")
    with pytest.raises(InputError, match=r"v\.json: says no environment"):
        load_agent(tmp_path / "v.json", 1)
    assert load_agent(tmp_path / "v.json", 1, place).greedy(0) == 1
