"""Runs that train phrase-based models: stopped, resumed, refused."""

import json

import pytest
from command import latimer

from latimer.engines.phrases.training import run as module
from latimer.engines.phrases.training.run import train
from latimer.errors import InputError
from latimer.metrics.corpus_scores import corpus_scores
from latimer.recipe import load_any_recipe
from latimer.search.strategies import Stack
from latimer.train.loop.interruption import Interrupted


def trained(corpus, folder, name, *further):
    run = latimer("train", name, "--run", folder / "run", *corpus[1], *further)
    assert run.returncode == 0, run.stderr.decode()
    return folder / "run" / "models" / "best"


def files(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def recipe(corpus, *further):
    chosen = [one.removeprefix("--set=") for one in corpus[1]]
    return load_any_recipe("koehn2003", [*chosen, "tuning.rounds=2", *further])


def parts(folder):
    """All files but those that tell the time and the command."""
    found = files(folder)
    config = json.loads(found.pop("config.json"))
    found.pop("README.md")
    config["scores"].pop("minutes")
    return found, config


@pytest.mark.parametrize("event", ["learnt", "round"])
def test_a_run_that_was_stopped_ends_as_if_it_had_not_been(corpus, tmp_path, event):
    whole = train(recipe(corpus), tmp_path / "whole")

    def stop(report):
        if report["event"] == event:
            raise Interrupted("stopped")

    with pytest.raises(Interrupted):
        train(recipe(corpus), tmp_path / "run", on_event=stop)
    seen = []
    again = train(recipe(corpus), tmp_path / "run", on_event=lambda r: seen.append(r["event"]))
    assert "step" not in seen  # nothing is counted twice
    assert parts(again) == parts(whole)
    assert train(recipe(corpus), tmp_path / "run") == again


def test_a_signal_stops_it_with_what_is_done_kept(corpus, tmp_path, monkeypatch):
    monkeypatch.setattr(module.Interruption, "requested", True, raising=False)
    monkeypatch.setattr(module.Interruption, "__init__", lambda self: setattr(self, "_before", {}))
    with pytest.raises(Interrupted, match="the same command continues"):
        train(recipe(corpus), tmp_path / "run")


def test_other_settings_and_other_texts_are_refused(corpus, tmp_path):
    def stop(report):
        raise Interrupted("stopped")

    with pytest.raises(Interrupted):
        train(recipe(corpus), tmp_path / "run", on_event=stop)
    with pytest.raises(InputError, match=r"other settings \(language_model.order\)"):
        train(recipe(corpus, "language_model.order=2"), tmp_path / "run")
    folder, _ = corpus
    with pytest.raises(InputError, match=r"other settings \(the texts\)"):
        train(recipe(corpus, f"data.dev.source={folder / 'dev.eo'}"), tmp_path / "run")


def test_a_development_set_that_is_too_small_is_said_and_default_weights_are_taken(
    corpus, tmp_path
):
    folder, _ = corpus
    few = []
    for side, code in (("source", "en"), ("target", "eo")):
        lines = (folder / f"dev.{code}").read_text("utf-8").splitlines()[:20]
        (tmp_path / f"few.{code}").write_text("\n".join(lines) + "\n", "utf-8")
        few.append(f"data.dev.{side}={tmp_path / f'few.{code}'}")
    said = []
    train(recipe(corpus, *few), tmp_path / "run", on_event=said.append)
    (message,) = (one["message"] for one in said if one["event"] == "tuned")
    assert "20 sentences" in message
    assert "default weights" in message


@pytest.mark.parametrize(
    ("kind", "longest"),
    [("word_for_word", 1), ("noisy_channel_words", 1), ("noisy_channel_phrases", 7)],
)
def test_the_rungs_of_the_ladder(corpus, tmp_path, kind, longest):
    model = trained(corpus, tmp_path, "brown1993", f"--set=model.kind={kind}")
    from latimer.engines.phrases.folder import load_model

    found = load_model(model)
    lengths = found.table.source_offsets[1:] - found.table.source_offsets[:-1]
    assert 1 <= lengths.max() <= longest
    assert (lengths.max() > 1) == (longest > 1)
    weights = {name for name, weight in found.config.weights.items() if weight}
    assert "lexical_target" not in weights
    assert ("language" in weights) == (kind != "word_for_word")


def test_word_for_word_takes_the_most_probable_translation_of_each_word(corpus, tmp_path):
    model = trained(corpus, tmp_path, "brown1993", "--set=model.kind=word_for_word")
    run = latimer("translate", model, stdin=b"The old door hums.\n")
    assert run.stdout.decode().split()[:3] == ["La", "olda", "pordo"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("search.kind=beam", "search.kind"),
        ("model.kind=tables", "model.kind"),
        ("engine=magic", "engine is 'magic'; allowed: neural, phrases"),
        ("training.max_updates=4", "unknown key training"),
        ("phrases.longest=9", "phrases.longest"),
    ],
)
def test_a_wrong_recipe_is_refused_in_one_line(corpus, tmp_path, change, says):
    run = latimer("train", "koehn2003", "--run", tmp_path / "run", *corpus[1], "--set", change)
    assert run.returncode == 2
    assert says in run.stderr.decode()
    assert run.stderr.decode().count("\n") == 1


def test_a_missing_text_is_named(corpus, tmp_path):
    run = latimer(
        "train", "koehn2003", "--run", tmp_path / "run", *corpus[1],
        "--set", "data.dev.source=nowhere.en",
    )  # fmt: skip
    assert run.returncode == 2
    assert b"nowhere.en" in run.stderr


def test_the_score_on_dev_is_that_of_sacrebleu(corpus, model):
    import latimer as package

    folder, _ = corpus
    with package.load(model) as translator:
        lines = (folder / "dev.en").read_text("utf-8").splitlines()
        found = [one.text for one in translator.translate(lines)]
    references = (folder / "dev.eo").read_text("utf-8").splitlines()
    score = corpus_scores(found, references, ("bleu",))["bleu"].value
    config = json.loads((model / "config.json").read_text("utf-8"))
    assert config["scores"]["dev_bleu"] == pytest.approx(score, abs=0.01)


def test_settings_of_search_in_a_recipe_are_those_of_the_stack() -> None:
    files = [f"data.{part}.{side}=x" for part in ("train", "dev") for side in ("source", "target")]
    recipe = load_any_recipe("koehn2003", [*files, "search.width=8"])
    assert recipe.search == Stack(width=8)
