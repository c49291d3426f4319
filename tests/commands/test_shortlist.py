"""`latimer shortlist` and the setting of the same name."""

import pytest
from command import latimer

from latimer.model.folder import SHORTLIST, load_model
from tiny_model import save_tiny_model, sentences


@pytest.fixture
def folder(tmp_path):
    save_tiny_model(tmp_path / "model")
    for name, seed in (("text.en", 0), ("text.de", 1)):
        lines = sentences(60, seed=seed)
        (tmp_path / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return tmp_path


def test_a_model_gets_a_shortlist_that_search_uses(folder):
    text = (folder / "text.en").read_bytes()
    asked = latimer("translate", folder / "model", "--set", "engine.shortlist=1", stdin=text)
    assert asked.returncode == 2
    assert b"no lexicon; make one with `latimer shortlist`" in asked.stderr
    whole = latimer("translate", folder / "model", "--set", "engine.shortlist=off", stdin=text)
    made = latimer("shortlist", folder / "model", folder / "text.en", folder / "text.de")
    assert (made.returncode, made.stdout) == (0, b"")
    assert SHORTLIST.encode() in made.stderr
    assert load_model(folder / "model").lexicon is not None
    found = latimer("translate", folder / "model", "--set", "engine.shortlist=1", stdin=text)
    assert found.returncode == 0
    assert len(found.stdout.splitlines()) == 60
    still = latimer("translate", folder / "model", "--set", "engine.shortlist=off", stdin=text)
    assert still.stdout == whole.stdout


def test_bad_input_is_named(folder):
    (folder / "short.de").write_text("Kalo.\n", encoding="utf-8")
    run = latimer("shortlist", folder / "model", folder / "text.en", folder / "short.de")
    assert run.returncode == 2
    assert b"short.de has 1" in run.stderr
    run = latimer("translate", folder / "model", "--set", "engine.shortlist=many", stdin=b"Kalo.\n")
    assert (run.returncode, run.stdout) == (2, b"")
    assert b"engine.shortlist is 'many'; allowed: auto, off, or a whole number" in run.stderr
