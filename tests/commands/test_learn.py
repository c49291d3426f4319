"""`latimer learn`, end to end through the real command."""

import json

import pytest
from command import complaint, in_process, latimer
from PIL import Image, ImageSequence
from safetensors import safe_open

from latimer.rl.mdp.saved import load

pytest.importorskip("gymnasium")


def test_a_cliff_is_learned_and_its_curve_drawn(tmp_path):
    file = tmp_path / "cliff.png"
    run = in_process("learn", "CliffWalking-v1", "--algorithm", "sarsa", "--picture", file)
    assert run.returncode == 0, run.stderr
    assert run.stderr == b""
    assert b"sarsa, discount 0.99, 10 runs of 500 episodes" in run.stdout
    assert b"mean return of the last 100 episodes: -" in run.stdout
    assert file.read_bytes().startswith(b"\x89PNG")


def test_a_drawn_world_is_learned_and_shown(tmp_path):
    world = tmp_path / "world.txt"
    world.write_text("discount: 0.5\nstep: 0\nG = end +8\n\nS..G\n", encoding="utf-8")
    run = latimer("learn", world, "--epsilon", "1:0.1", "--runs", 1)
    assert run.returncode == 0, run.stderr
    assert run.stdout.decode().endswith("2.00→  4.00→  8.00→      G\n")


def test_json_is_the_same_twice_and_with_two_threads():
    def figures(*more):
        run = latimer("learn", "cliff", "--episodes", 50, "--json", *more)
        assert run.returncode == 0, run.stderr
        found = json.loads(run.stdout)
        assert found.pop("seconds") > 0
        return found

    first = figures()
    assert first == figures() == figures("--threads", 2)
    assert len(first["mean_returns"]) == 50
    assert first != figures("--seed", 2)


def test_kinds_of_traces_and_steps_by_visits_reach_the_learner():
    def learned(*more):
        run = latimer("learn", "cliff", "--episodes", 20, "--runs", 1, "--json", *more)
        assert run.returncode == 0, run.stderr
        return json.loads(run.stdout)["q"]

    traced = ("--algorithm", "sarsa-lambda", "--alpha", "0.1")
    assert learned(*traced, "--traces", "replacing") == learned(*traced)
    assert learned(*traced, "--traces", "dutch") != learned(*traced)
    assert learned("--alpha", "1/n") != learned("--alpha", "1")


@pytest.mark.parametrize("name", ["table.npz", "table.json"])
def test_what_is_saved_can_be_read(tmp_path, name):
    file = tmp_path / name
    given = ("dyna-maze", "--algorithm", "dyna-q", "--planning", 5, "--runs", 2, "--episodes", 30)
    run = latimer("learn", *given, "--save", file, "--json", "--alpha", "0.5:0.1:exponential")
    assert run.returncode == 0, run.stderr
    shown = json.loads(run.stdout)
    facts, arrays = load(file)
    assert facts["algorithm"] == "dyna-q"
    assert facts["steps"] == shown["steps"] == arrays["lengths"].sum()
    assert arrays["q"][0].tolist() == shown["q"]
    assert arrays["returns"].shape == (2, 30)


def test_the_learning_is_animated(tmp_path):
    file = tmp_path / "cliff.gif"
    run = latimer("learn", "CliffWalking-v1", "--episodes", 3, "--runs", 1, "--picture", file)
    assert run.returncode == 0, run.stderr
    with Image.open(file) as animation:
        assert animation.n_frames == 4
        pictures = [frame.convert("RGB").tobytes() for frame in ImageSequence.Iterator(animation)]
    assert len(set(pictures)) == 4


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("CartPole-v1",), "CartPole-v1: a table needs finitely many states"),
        (("NoSuchWorld-v7",), "no Gymnasium environment"),
        (("cliff", "--algorithm", "sarsaa"), "valid choices: q-learning, sarsa"),
        (("cliff", "--alpha", "much"), "--alpha much: expected a number"),
        (("cliff", "--epsilon", "2"), "epsilon is 2.0"),
        (("cliff", "--picture", "curve.bmp"), "end the name in .png"),
        (("Taxi-v4", "--picture", "taxi.gif"), "Taxi-v4 is no grid"),
        (("cliff", "--save", "table.pkl"), "table.pkl: end the name in .npz or .json"),
        (("cliff", "--alpha", "1:0.1:curved"), "linear, exponential, harmonic"),
        (("cliff", "--alpha", "1/m"), "--alpha 1/m: expected a number"),
        (("cliff", "--alpha", "3/n"), "alpha is 3.0"),
        (("cliff", "--discount", "1.5"), "discount is 1.5"),
        (
            ("cliff", "--alpha", "1/n", "--algorithm", "dyna-q"),
            "does not read --alpha …/n; q-learn",
        ),
        (
            ("cliff", "--traces", "dutch"),
            "q-learning does not read --traces; sarsa-lambda, q-lambda do",
        ),
        (("cliff", "--decay", "0.5"), "q-learning does not read --decay"),
        (
            ("cliff", "--planning", "5", "--algorithm", "sarsa"),
            "dyna-q, prioritised-sweeping do",
        ),
    ],
)
def test_bad_calls_get_one_line(arguments, expected):
    run = latimer("learn", *arguments)
    assert run.stdout == b""
    assert expected in complaint(run, 2)


def test_networks_learn_draw_and_are_saved(tmp_path):
    picture, folder = tmp_path / "curve.png", tmp_path / "agent"
    given = ("CartPole-v1", "--algorithm", "a2c", "--steps", 4000, "--option", "horizon=8")
    run = latimer("learn", *given, "--runs", 2, "--picture", picture, "--save", folder)
    assert run.returncode == 0, run.stderr
    assert run.stderr == b""
    assert b"CartPole-v1: a2c, run 2; 4,0" in run.stdout
    assert b"mean return of the last 100 episodes" in run.stdout
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert {path.name for path in folder.iterdir()} == {
        "learned.json", "actor.safetensors", "critic.safetensors"
    }  # fmt: skip
    facts = json.loads((folder / "learned.json").read_text("utf-8"))
    assert facts["settings"]["horizon"] == 8
    with safe_open(folder / "actor.safetensors", "pt") as weights:
        assert weights.get_tensor("network.layers.0.weight").shape == (64, 4)


def test_json_of_networks():
    run = latimer("learn", "Pendulum-v1", "--algorithm", "ppo", "--steps", 2000, "--json")
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    assert (found["algorithm"], len(found["returns"])) == ("ppo", 1)
    assert len(found["returns"][0]) == len(found["ends"][0]) == 8


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--algorithm", "ppo", "--option", "speed=3"), "ppo has no setting 'speed'"),
        (("--algorithm", "ppo", "--option", "speed"), "--option speed: expected KEY=VALUE"),
        (("--algorithm", "ppo", "--picture", "a.gif"), "end the name in .png; networks"),
        (("--algorithm", "ppo", "--save", "."), "--save .: there is something already"),
        (("--algorithm", "ppo", "--device", "abacus"), "device abacus: not available here"),
        (
            ("--algorithm", "ppo", "--option", "hidden=64"),
            "ppo: hidden cannot be 64; whole numbers as [64, 64], from 1, expected",
        ),
        (
            ("--algorithm", "dqn", "--option", "exploration=0"),
            "dqn: exploration cannot be 0; a number, above 0, up to 1, expected",
        ),
        (("--algorithm", "dynamics", "--option", "candidates=10"), "elite 20 cannot be more than"),
        (("--algorithm", "ppo", "--discount", "1.5"), "ppo: discount cannot be 1.5"),
        (("--option", "horizon=3"), "q-learning does not read --option; a2c, ppo, dqn,"),
        ((), "for environments like this: --algorithm a2c, ppo, dqn, dynamics"),
    ],
)
def test_bad_calls_of_networks_get_one_line(arguments, expected):
    run = latimer("learn", "CartPole-v1", *arguments)
    assert run.stdout == b""
    assert expected in complaint(run, 2)
