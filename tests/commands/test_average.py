"""`latimer average`, driven as its users drive it."""

import pytest
from command import latimer

from latimer.model.folder import load_model
from latimer.tensors import weights_of
from tiny_model import save_tiny_model, sentences, tiny_vocabulary


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    folder, vocabulary = tmp_path_factory.mktemp("models"), tiny_vocabulary()
    for name, seed in (("start", 0), ("one", 1), ("two", 2)):
        save_tiny_model(folder / name, vocabulary=vocabulary, seed=seed)
    return folder


def test_the_mean_translates(folders):
    run = latimer("average", folders / "one", folders / "two", "--to", folders / "mean")
    assert (run.returncode, run.stdout) == (0, b"")
    assert b"written: " in run.stderr
    card = (folders / "mean" / "README.md").read_text(encoding="utf-8")
    assert "latimer average" in card
    text = "\n".join(sentences(5)).encode()
    found = latimer("translate", folders / "mean", stdin=text)
    assert found.returncode == 0
    assert len(found.stdout.splitlines()) == 5


def test_from_a_start(folders):
    run = latimer(
        "average", folders / "one", folders / "two", "--start", folders / "start",
        "--extrapolation", "2", "--to", folders / "far",
    )  # fmt: skip
    assert run.returncode == 0
    read = {name: weights_of(load_model(folders / name).network) for name in
            ("start", "one", "two", "far")}  # fmt: skip
    for name, tensor in read["far"].items():
        mean = (read["one"][name] + read["two"][name]) / 2
        assert (tensor - (2 * mean - read["start"][name])).abs().max() < 1e-4


def test_bad_input_is_one_line_and_nothing_is_lost(folders):
    before = {path: path.read_bytes() for path in (folders / "one").iterdir()}
    run = latimer("average", folders / "start", folders / "two", "--to", folders / "one")
    assert (run.returncode, run.stdout) == (2, b"")
    assert b"one: is there already; name a new folder with --to" in run.stderr
    assert {path: path.read_bytes() for path in (folders / "one").iterdir()} == before
    run = latimer("average", folders / "one", "--to", folders / "new")
    assert run.returncode == 2
    assert b"at least two models expected" in run.stderr
    assert len(run.stderr.splitlines()) == 1
    assert not (folders / "new").exists()
