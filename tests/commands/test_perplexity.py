"""Language models through the real commands: train, resume, score; and translators that score."""

import json
import math
import sys
from pathlib import Path

import pytest
import torch
from command import complaint, latimer

from latimer.engines.neural.scoring import score_texts
from latimer.model.folder import load_model
from latimer.recipe import build_recipe, dump_recipe
from latimer.text.vocabulary.subwords import BOS, EOS
from tiny_model import sentences, tiny_model

sys.path.append(str(Path(__file__).parents[1] / "train"))
from task import recipe_tree, reports, write_task

ALONE = {"kind": "language_model", "attention": "none", "cell": "rnn"}
UPDATES = 60


@pytest.fixture(scope="module")
def task(tmp_path_factory):
    """Text whose words follow one another in the alphabet, and a recipe for it alone."""
    folder = write_task(tmp_path_factory.mktemp("text"), pairs=300, dev=20)
    letters = "abcdefghij"
    for part, count in (("train", 300), ("dev", 20)):
        lines = (" ".join(letters[k % 5 : k % 5 + 5]) for k in range(count))
        (folder / f"{part}.target").write_text("\n".join(lines) + "\n")
        (folder / f"{part}.source").unlink()
    tree = recipe_tree(folder, model=ALONE, max_updates=UPDATES, validate_every=20, average=2)
    for part in ("train", "dev"):
        del tree["data"][part]["source"]
    (folder / "recipe.yaml").write_text(dump_recipe(build_recipe(tree)))
    return folder


@pytest.fixture(scope="module")
def trained(task):
    result = latimer("train", task / "recipe.yaml", "--run", task / "run", "--json")
    assert result.returncode == 0, result.stderr
    return task / "run", json.loads(result.stdout)


def test_it_learns_what_follows_and_reports_no_bleu(trained):
    run, printed = trained
    first, *_, last = reports(run, "validation")
    assert last["perplexity"] < 0.5 * first["perplexity"]
    assert not [line for line in reports(run) if "bleu" in line or "best_bleu" in line]
    assert printed["dev_perplexity"] <= 1.001 * min(
        line["perplexity"] for line in reports(run, "validation")
    )
    assert "dev_bleu_greedy" not in printed
    card = (Path(printed["model"]) / "README.md").read_text()
    assert card.startswith("# A language model")
    assert "latimer perplexity" in card


def test_the_best_is_the_one_with_the_lowest_loss(trained):
    run, _ = trained
    best = min(reports(run, "validation"), key=lambda line: line["loss"])
    assert load_model(run / "models" / "best").config.scores.updates == best["update"]


def test_a_model_folder_gives_the_perplexity_that_training_saw(trained, task):
    _, printed = trained
    result = latimer("perplexity", printed["model"], task / "dev.target", "--json")
    assert result.returncode == 0, result.stderr
    figures = json.loads(result.stdout)
    assert figures["perplexity"] == pytest.approx(printed["dev_perplexity"], rel=1e-5)
    assert (figures["sentences"], figures["pieces"], figures["words"]) == (20, 120, 120)
    lines = latimer("perplexity", printed["model"], task / "dev.target", "--lines")
    log_probs = [float(line) for line in lines.stdout.split()]
    assert sum(log_probs) == pytest.approx(figures["log_prob"], abs=1e-3)
    per_piece = math.exp(-sum(log_probs) / 120)
    assert per_piece == pytest.approx(figures["perplexity"], rel=1e-4)
    assert figures["bits_per_character"] == pytest.approx(
        -figures["log_prob"] / math.log(2) / 20 / 10, rel=1e-6
    )
    text = latimer("perplexity", printed["model"], task / "dev.target").stdout.decode()
    assert f"perplexity {figures['perplexity']:.2f} a piece" in text


def test_it_goes_on_where_it_stopped(trained, task, tmp_path):
    short = tmp_path / "short"
    latimer("train", task / "recipe.yaml", "--run", short, "--set", "training.max_updates=40")
    result = latimer("train", task / "recipe.yaml", "--run", short, "--json")
    assert json.loads(result.stdout)["dev_perplexity"] == trained[1]["dev_perplexity"]


def test_it_may_take_a_translators_subwords(task, tmp_path):
    from tiny_model import save_tiny_model

    folder = tmp_path / "translator"
    model = save_tiny_model(folder)
    result = latimer(
        "train", task / "recipe.yaml", "--run", tmp_path / "run", "--json",
        "--set", f"subwords.model={folder}", "--set", "training.max_updates=2",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    found = load_model(json.loads(result.stdout)["model"])
    assert found.vocabulary.target == model.vocabulary.target


@pytest.mark.parametrize("alone", [True, False])
def test_scores_are_those_of_single_steps(alone):
    extras = {"kind": "language_model", "attention": "none"} if alone else {}
    model = tiny_model(**extras)
    texts, sources = sentences(7, seed=3), None if alone else sentences(7, seed=4)
    found = score_texts(model, texts, sources, batch_tokens=40)
    for k, (text, score) in enumerate(zip(texts, found, strict=True)):
        if alone:
            source, (target,) = [EOS], model.vocabulary.encode_targets([text])
        else:
            pieces, target = model.vocabulary.encode_pair(sources[k], text)
            source = [*pieces, EOS]
        network, total = model.network, 0.0
        state = network.start(torch.tensor([source]), torch.tensor([len(source)]))
        for token, label in zip([BOS, *target], [*target, EOS], strict=True):
            logits, state = network.step(state, torch.tensor([token]))
            total += float(logits.log_softmax(1)[0, label])
        assert score.log_prob == pytest.approx(total, rel=1e-4)
        assert score.pieces == len(target) + 1


def test_a_translator_scores_a_text_given_its_source(model_folder, tmp_path):
    texts, sources = sentences(5, seed=8), sentences(5, seed=9)
    (tmp_path / "text").write_text("\n".join([*texts, ""]) + "\n")
    (tmp_path / "source").write_text("\n".join([*sources, ""]) + "\n")
    run = latimer(
        "perplexity", model_folder, tmp_path / "text", "--source", tmp_path / "source", "--lines"
    )
    wanted = [score.log_prob for score in score_texts(load_model(model_folder), texts, sources)]
    assert [float(line) for line in run.stdout.split()] == pytest.approx(wanted, abs=1e-4)


def test_what_does_not_go_together_is_refused(model_folder, trained, tmp_path):
    alone, text, empty = trained[1]["model"], tmp_path / "text", tmp_path / "empty"
    text.write_text("a b\n")
    empty.write_text("\n\n")
    refused = complaint(latimer("perplexity", alone, text, "--source", text), 2)
    assert f"--source: {alone} is a language model, which reads no source" in refused
    assert "is a translator; say with --source what" in complaint(
        latimer("perplexity", model_folder, text), 2
    )
    assert f"{empty}: empty: no line has text" in complaint(latimer("perplexity", alone, empty), 2)
    assert f"{alone}: a language model, but a translator is needed" in complaint(
        latimer("translate", alone, text), 2
    )


def test_a_translator_needs_a_source(task, tmp_path):
    refused = complaint(
        latimer("train", "tiny", "--run", tmp_path / "run", "--set",
                f"data.train.target={task / 'train.target'}", "--set",
                f"data.dev.target={task / 'dev.target'}"), 2,
    )  # fmt: skip
    assert "data.train.source is missing: a path is needed" in refused


def test_no_text_is_no_language(task, tmp_path):
    (tmp_path / "blank").write_text("\n \n")
    refused = complaint(
        latimer("train", task / "recipe.yaml", "--run", tmp_path / "run", "--quiet", "--set",
                f"data.train.target={tmp_path / 'blank'}"), 2,
    )  # fmt: skip
    assert f"{tmp_path / 'blank'}: empty: no line has text" in refused
