"""Texts longer than a model takes, at the command line: notes, shares, refusals."""

import json

import pytest
from command import complaint, latimer

import latimer as library
from latimer.search.strategies import Beam
from tiny_model import save_tiny_model, sentences

SHORT, LONG = "Kalo.", " ".join(sentences(3, seed=8)).replace("{name}", "suka")


@pytest.fixture(scope="module")
def perceptron(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "perceptron"
    save_tiny_model(folder, kind="perceptron", attention="none", slots=9, hidden=20)
    return folder


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "text"
    path.write_text(f"{SHORT}\n{LONG}\n{SHORT}\n{LONG}\n{LONG}\n")
    return path


def test_translate_tells_which_lines_and_what_share(perceptron, text):
    run = latimer("translate", perceptron, text, "--beam", 1)
    translator = library.load(perceptron)
    parts = translator.translate([LONG], Beam(1))[0].parts
    assert parts > 1
    assert run.stderr.decode().splitlines() == [
        *(f"latimer: line {n} is too long: translated in {parts} parts" for n in (2, 4, 5)),
        "latimer: 3 of 5 lines (60.0%) were too long and translated in parts",
    ]
    assert run.stdout.count(b"\n") == 5


def test_translate_refuses_where_it_is_told_to(perceptron, text):
    run = latimer("translate", perceptron, text, "--set", "engine.too_long=refuse")
    message = complaint(run, 2)
    assert f"text '{LONG[:39]}…' has " in message
    assert "this model takes 8 at a time; shorten it, or set engine.too_long to windows" in message


def test_evaluate_tells_the_share(perceptron, text):
    run = latimer("evaluate", perceptron, text, text, "--metrics", "bleu", "--json")
    assert json.loads(run.stdout)["too_long"] == 3
    run = latimer("evaluate", perceptron, text, text, "--metrics", "bleu")
    last = run.stdout.decode().splitlines()[-1]
    assert last == "3 of 5 sentences (60.0%) were too long for the model and translated in parts"
    run = latimer("evaluate", perceptron, text, text, "--set", "engine.too_long=refuse")
    assert "this model takes 8 at a time" in complaint(run, 2)


def test_what_fits_is_not_spoken_of(perceptron, tmp_path):
    (tmp_path / "text").write_text(f"{SHORT}\n")
    assert latimer("translate", perceptron, tmp_path / "text").stderr == b""
    run = latimer("evaluate", perceptron, tmp_path / "text", tmp_path / "text", "--json")
    assert json.loads(run.stdout)["too_long"] == 0
