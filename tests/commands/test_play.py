"""`latimer play`, end to end through the real command."""

import json

import gymnasium
import numpy as np
import pytest
from command import complaint, latimer
from PIL import Image

WORLD = "discount: 0.5\nstep: 0\nG = end +8\n\nS..G\n"
pytest.importorskip("numba")


class Blink(gymnasium.Env):
    """Renders one colour a step; ends after three steps."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 4}  # noqa: RUF012
    observation_space = gymnasium.spaces.Box(0, 1, (1,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)

    def __init__(self, render_mode=None):
        self.render_mode = render_mode

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.time = 0
        return np.zeros(1, np.float32), {}

    def step(self, action):
        self.time += 1
        return np.zeros(1, np.float32), 2.0, self.time == 3, False, {}

    def render(self):
        return np.full((20, 30, 3), 60 * self.time, np.uint8)


gymnasium.register("LatimerBlink-v0", Blink, max_episode_steps=9)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    folder = tmp_path_factory.mktemp("table")
    world, file = folder / "world.txt", folder / "table.npz"
    world.write_text(WORLD, encoding="utf-8")
    run = latimer("learn", world, "--epsilon", "1:0.1", "--runs", 1, "--save", file)
    assert run.returncode == 0, run.stderr
    world.unlink()  # the world is kept with the table
    return file


@pytest.fixture(scope="module")
def blink(tmp_path_factory):
    folder = tmp_path_factory.mktemp("blink") / "agent"
    given = ("--algorithm", "a2c", "--steps", 200, "--option", "hidden=[4]", "--save", folder)
    run = latimer("learn", "LatimerBlink-v0", *given)
    assert run.returncode == 0, run.stderr
    return folder


def test_a_table_is_evaluated_and_rendered(table):
    run = latimer("play", table, "--episodes", 5, "--render")
    assert run.returncode == 0, run.stderr
    text = run.stdout.decode()
    assert text.startswith("start\n@..G\n\nstep 1: action 1, reward 0, return 0\nS@.G\n\n")
    assert "step 3: action 1, reward 8, return 8\nS..@\n" in text
    assert text.endswith(
        "world.txt: q-learning, greedy policy, 5 episodes, seed 1\n"
        "mean return: 8 (95 % interval 8 to 8)\n"
        "episode length: mean 3, from 3 to 3\n"
        "terminated: 5; truncated: 0\n"
    )


def test_json_limit_seed_and_sampling(table):
    def played(*more):
        run = latimer("play", table, "--episodes", 40, "--json", *more)
        assert run.returncode == 0, run.stderr
        return json.loads(run.stdout)

    short = played("--limit", 2)
    assert (short["mean_return"], short["interval"], short["terminated"]) == (0.0, [0.0, 0.0], 0)
    sampled = played("--sample", "--seed", 4)
    assert sampled == played("--sample", "--seed", 4) != played("--sample", "--seed", 5)
    assert sampled["policy"] == "sampled"
    assert sampled["mean_length"] == np.mean(sampled["lengths"]) > 3
    low, high = sampled["interval"]
    assert low <= sampled["mean_return"] <= high


@pytest.mark.parametrize(("name", "frames"), [("a.png", 1), ("a.gif", 4)])
def test_an_episode_on_a_grid_is_drawn(table, tmp_path, name, frames):
    run = latimer("play", table, "--episodes", 2, "--picture", tmp_path / name)
    assert run.returncode == 0, run.stderr
    with Image.open(tmp_path / name) as picture:
        assert getattr(picture, "n_frames", 1) == frames
        assert len(picture.convert("RGB").getcolors(10**6)) > 5


@pytest.mark.parametrize(("name", "frames"), [("a.png", 1), ("a.gif", 4)])
def test_rendered_frames_are_drawn(blink, tmp_path, name, frames):
    run = latimer("play", blink, "--episodes", 2, "--picture", tmp_path / name)
    assert run.returncode == 0, run.stderr
    assert b"mean return: 6 (95 % interval 6 to 6)" in run.stdout
    with Image.open(tmp_path / name) as picture:
        assert getattr(picture, "n_frames", 1) == frames
        seen = {colour for _, colour in picture.convert("RGB").getcolors(10**6)}
    greys = {(60 * k,) * 3 for k in range(4)}
    assert greys <= seen if frames == 1 else (0, 0, 0) in seen


def test_networks_trained_on_a_grid_are_played(tmp_path):
    given = ("--algorithm", "a2c", "--steps", 300, "--limit", 40, "--save", tmp_path / "agent")
    assert latimer("learn", "aima", *given).returncode == 0
    run = latimer("play", tmp_path / "agent", "--episodes", 3, "--json")
    found = json.loads(run.stdout)
    assert (found["environment"], found["algorithm"]) == ("aima", "a2c")
    assert max(found["lengths"]) <= 40


def test_bad_calls_get_one_line(table, blink, tmp_path):
    text = tmp_path / "a.txt"
    text.write_text("x", encoding="utf-8")
    for arguments, message in (
        ([tmp_path / "none"], "none: no such file or folder"),
        ([tmp_path], "no learned.json in it"),
        ([text], "a.txt: end the name in .npz or .json"),
        ([table, "--env", "cliff"], "cliff has observations Discrete(38)"),
        ([table, "--env", "moon.txt"], "moon.txt: no such file"),
        ([table, "--set", "a=1"], "--set needs --env"),
        ([table, "--picture", "a.bmp"], "end the name in .png, or in .gif"),
        ([table, "--render", "--json"], "--render and --json exclude each other"),
        ([blink, "--render"], "LatimerBlink-v0 has no render mode ansi"),
        ([blink, "--env", "CartPole-v1"], "CartPole-v1 has 4 features"),
    ):
        run = latimer("play", *arguments)
        assert run.stdout == b""
        assert message in complaint(run, 2)
