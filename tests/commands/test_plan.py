"""`latimer plan`, end to end through the real command."""

import json

import pytest
from command import complaint, in_process, latimer
from PIL import Image, ImageSequence

from latimer.errors import InputError
from latimer.rl.mdp.saved import load

gymnasium = pytest.importorskip("gymnasium")
WORLD = "discount: 0.5\nstep: 0\nG = end +8\n\nS..G\n##..\n"


@pytest.fixture
def world(tmp_path):
    path = tmp_path / "world.txt"
    path.write_text(WORLD, encoding="utf-8")
    return path


def test_a_grid_world_file_is_solved_and_drawn(world):
    run = latimer("plan", world)
    assert run.returncode == 0, run.stderr
    assert run.stderr == b""
    text = run.stdout.decode()
    assert f"{world}: 6 states, 4 actions, discount 0.5" in text
    assert "certified within" in text
    assert "value at the start: 2\n" in text
    assert text.endswith("2.00→  4.00→  8.00→      G\n#####  #####  4.00↑  8.00↑\n")


@pytest.mark.parametrize(
    "method",
    ["value-iteration", "gauss-seidel", "prioritised", "policy-iteration"],
)
def test_json_of_every_method(world, method):
    run = latimer("plan", world, "--method", method, "--json", "--accuracy", 1e-9)
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    assert found["method"] == method
    assert found["converged"] is True
    assert found["bound"] <= 1e-9
    assert found["values"] == pytest.approx([2, 4, 8, 0, 4, 8], abs=1e-9)
    assert found["policy"][:3] == [1, 1, 1]
    assert found["start_value"] == pytest.approx(2)


def test_a_gymnasium_environment_is_compared_in_a_process_of_its_own():
    run = in_process("plan", "FrozenLake-v1", "--compare", "--json")
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    assert (found["states"], found["actions"], found["discount"]) == (16, 4, 0.99)
    assert len(found["methods"]) == 5
    for method in found["methods"]:
        assert method["start_value"] == pytest.approx(0.542026, abs=2e-6)
        assert method["error"] <= 1e-6
        assert method["converged"]


@pytest.mark.parametrize("name", ["plan.npz", "plan.json"])
def test_what_is_saved_can_be_read(world, tmp_path, name):
    run = latimer("plan", world, "--save", tmp_path / name)
    assert run.returncode == 0, run.stderr
    facts, arrays = load(tmp_path / name)
    assert (facts["method"], facts["converged"]) == ("modified-policy-iteration", True)
    assert arrays["values"] == pytest.approx([2, 4, 8, 0, 4, 8], abs=1e-6)
    assert (arrays["lower"] <= arrays["values"] + 1e-12).all()
    assert (arrays["values"] <= arrays["upper"] + 1e-12).all()
    assert arrays["policy"][:3].tolist() == [1, 1, 1]


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04", b"[1]", b"\x93NUMPY"])
@pytest.mark.parametrize("name", ["plan.npz", "plan.json"])
def test_a_damaged_file_is_named(tmp_path, name, damage):
    path = tmp_path / name
    path.write_bytes(damage)
    with pytest.raises(InputError, match=f"{name}: not a file that"):
        load(path)


@pytest.mark.parametrize("env", ["FrozenLake-v1", "CliffWalking-v1", "aima", "windy-king"])
def test_values_and_policy_are_drawn(tmp_path, env):
    file = tmp_path / "picture.png"
    run = latimer("plan", env, "--picture", file)
    assert run.returncode == 0, run.stderr
    with Image.open(file) as picture:
        colours = {colour for _, colour in picture.convert("RGB").getcolors(10**6)}
    assert len(colours) > 20


def test_the_spreading_of_values_is_animated(tmp_path):
    file = tmp_path / "aima.gif"
    run = latimer("plan", "aima", "--picture", file)
    assert run.returncode == 0, run.stderr
    with Image.open(file) as animation:
        pictures = [frame.convert("RGB").tobytes() for frame in ImageSequence.Iterator(animation)]
    assert len(set(pictures)) == len(pictures) > 10


def test_the_table_of_methods():
    run = latimer("plan", "cliff", "--compare")
    assert run.returncode == 0, run.stderr
    lines = run.stdout.decode().splitlines()
    assert lines[0] == "cliff: 38 states, 4 actions, discount 1"
    assert lines[1].split() == ["method", "iterations", "backups", "seconds", "bound", "error"]
    assert [line.split()[0] for line in lines[2:7]] == [
        "value-iteration",
        "gauss-seidel",
        "prioritised",
        "policy-iteration",
        "modified-policy-iteration",
    ]


def test_settings_discount_and_horizon():
    options = ["FrozenLake-v1", "--set", "is_slippery=false", "--json"]
    found = json.loads(latimer("plan", *options, "--discount", 0.9).stdout)
    assert found["start_value"] == pytest.approx(0.9**5, abs=1e-6)
    run = latimer("plan", "FrozenLake-v1", "--discount", 1, "--horizon", 100, "--json")
    assert json.loads(run.stdout)["start_value"] == pytest.approx(0.744190, abs=1e-6)
    text = latimer("plan", "FrozenLake-v1", "--discount", 1, "--horizon", 100).stdout.decode()
    assert "value at the start: 0.74419\n" in text
    assert len(text.splitlines()) == 4 + 16


def test_many_states_are_cut_short_and_said_to_be():
    text = latimer("plan", "Taxi-v4").stdout.decode()
    assert text.endswith("… and 436 more; --json prints all\n")


def test_a_limit_is_an_error_after_the_result():
    run = latimer("plan", "FrozenLake-v1", "--max-iterations", 2, "--json")
    assert run.returncode == 1
    assert json.loads(run.stdout)["converged"] is False
    assert "modified-policy-iteration stopped short of the accuracy 1e-06" in complaint(run, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["Moon-v0"], "Moon-v0 is no file, no Gymnasium environment"),
        (["CartPole-v1"], "CartPole-v1: planning needs finitely many states"),
        (["cliff", "--method", "magic"], "valid choices: value-iteration"),
        (["cliff", "--discount", "2"], "discount 2.0 is outside [0, 1]"),
        (["cliff", "--accuracy", "0"], "accuracy 0.0 is not above 0"),
        (["cliff", "--max-iterations", "0"], "max_iterations is 0"),
        (["cliff", "--horizon", "-1"], "horizon is -1"),
        (["cliff", "--horizon", "3", "--compare"], "--horizon does not read --compare"),
        (["cliff", "--horizon", "3", "--accuracy", "1"], "--horizon does not read --accuracy"),
        (["cliff", "--horizon", "3", "--method", "prioritised"], "does not read --method"),
        (["cliff", "--compare", "--method", "prioritised"], "--compare does not read --method"),
        (["Taxi-v4", "--picture", "taxi.png"], "Taxi-v4 is no grid"),
        (["cliff", "--picture", "cliff.jpg"], "end the name in .png"),
        (["cliff", "--save", "cliff.txt"], "cliff.txt: end the name in .npz or .json"),
        (["cliff", "--save", "cliff.npz", "--compare"], "--compare does not read --save"),
        (
            ["cliff", "--picture", "cliff.png", "--horizon", "3"],
            "--horizon does not read --picture",
        ),
        (["cliff", "--set", "a"], "--set a: expected KEY=VALUE"),
        (["cliff", "--set", "a=["], "--set a=[: the value cannot be read"),
        (["FrozenLake-v1", "--set", "a=1"], "FrozenLake-v1 refuses its settings"),
        (["sutton-3.5", "--discount", "1"], "with discount 1"),
    ],
)
def test_bad_calls_are_one_line(arguments, message):
    assert message in complaint(latimer("plan", *arguments), 2)


def test_a_malformed_drawing_is_named_by_line_and_column(tmp_path):
    path = tmp_path / "bad.txt"
    path.write_text("step: -1\n\nS.G\n.?.\n", encoding="utf-8")
    assert f"{path}, line 4, column 2: '?'" in complaint(latimer("plan", path), 2)


class Faulty(gymnasium.Env):
    """Two states whose table of transitions is as it was given."""

    observation_space = gymnasium.spaces.Discrete(2)
    action_space = gymnasium.spaces.Discrete(1)

    def __init__(self, entry):
        self.P = {0: {0: [(1.0, 1, 0.0, False)]}, 1: entry}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({0: [(0.5, 0, 1.0, False), (0.4, 1, 0.0, True)]}, "state 1, action 0"),
        ({0: [(1.5, 0, 1.0, False), (-0.5, 1, 0.0, True)]}, "state 1, action 0"),
        ({0: [(float("nan"), 0, 1.0, False)]}, "state 1, action 0"),
        ({0: [(1.0, 0, float("nan"), False)]}, "state 1, action 0"),
        ({0: [(1.0, 7, 0.0, False)]}, "state 1, action 0"),
        ({}, "state 1"),
    ],
    ids=["sum", "negative", "chance", "reward", "successor", "no action"],
)
def test_a_wrong_table_is_named_in_one_line(entry, message):
    gymnasium.register("LatimerFaulty-v0", lambda: Faulty(entry), disable_env_checker=True)
    try:
        run = latimer("plan", "LatimerFaulty-v0")
    finally:
        gymnasium.registry.pop("LatimerFaulty-v0")
    assert run.stdout == b""
    assert message in complaint(run, 2)
