"""Phrase-based models, trained and used by the command."""

import json
import shutil

import pytest
from command import latimer
from sacrebleu import corpus_bleu

import latimer as package
from latimer.errors import InputError, LatimerError, SettingError
from latimer.search.constraints import Constraints
from latimer.search.strategies import Beam, Stack
from latimer.text.glossary import Glossary
from latimer.text.vocabulary.placeholders import mask


@pytest.fixture(scope="module")
def translator(model):
    with package.load(model) as loaded:
        yield loaded


def lines(folder, name):
    return (folder / name).read_text("utf-8").splitlines()


def test_the_language_is_learnt(corpus, translator):
    folder, _ = corpus
    found = [one.text for one in translator.translate(lines(folder, "test.en"))]
    assert corpus_bleu(found, [lines(folder, "test.eo")]).score > 90


def test_the_command_translates_and_the_card_says_how_it_was_made(corpus, model):
    folder, _ = corpus
    run = latimer("translate", model, folder / "test.en", "--set", "search.width=10")
    assert run.returncode == 0
    assert len(run.stdout.decode().splitlines()) == len(lines(folder, "test.en"))
    card = (model / "README.md").read_text("utf-8")
    assert "koehn2003" in card
    assert "dev_bleu" in card


def test_placeholders_come_out_as_they_went_in(translator):
    texts = [
        "The small lamp {name} opens in the kitchen.",
        "The {one} lamp {two} {three} hums {one} in %s the {four}.",
        "{unknown_placeholder}",
        "Unheard of <b>words</b> %d of %d",
    ]
    for text, found in zip(texts, translator.translate(texts), strict=True):
        assert sorted(mask(found.text)[1]) == sorted(mask(text)[1])
        for original in mask(text)[1]:
            assert found.text.count(original) == text.count(original)


def test_unknown_words_are_copied(translator):
    assert "Zwrxq" in translator.translate(["The small Zwrxq hums in the hall."])[0].text


def test_terms_of_a_glossary_are_kept_wherever_they_stand(translator):
    glossary = Glossary.of({"lamp": "lampeto", "kitchen": "granda kuirejo"})
    text = "The small lamp opens in the kitchen. The old lamp hums in the kitchen."
    found = translator.translate([text], constraints=Constraints(glossary=glossary))[0].text
    assert found.count("lampeto") == 2
    assert found.count("granda kuirejo") == 2
    assert found.endswith(".")


def test_alternatives_are_distinct_and_in_order(translator):
    found = translator.translate(["The small lamp opens in the attic."], Stack(nbest=4))[0]
    texts = [found.text, *(one.text for one in found.alternatives)]
    scores = [found.score, *(one.score for one in found.alternatives)]
    assert len(set(texts)) == 4
    assert scores == sorted(scores, reverse=True)


def test_what_else_is_in_the_list_changes_nothing(corpus, model):
    texts = lines(corpus[0], "test.en")[:8]
    with package.load(model, threads=2) as several, package.load(model, threads=1) as one:
        together = several.translate(texts)
        alone = [one.translate([text])[0] for text in texts]
    assert [t.text for t in together] == [t.text for t in alone]
    assert [t.score for t in together] == [t.score for t in alone]


@pytest.mark.parametrize(
    ("constraints", "field"),
    [
        ({"prefix": "La"}, "constraints.prefix"),
        ({"phrases": ("lumo",)}, "constraints.phrases"),
        ({"max_length": 9}, "constraints.max_length"),
        ({"no_repeat": 2}, "constraints.no_repeat"),
    ],
)
def test_constraints_that_it_cannot_keep_are_refused(translator, constraints, field):
    with pytest.raises(SettingError, match=field):
        translator.translate(["The lamp."], constraints=Constraints(**constraints))


def test_other_searches_are_refused_here_and_this_one_elsewhere(translator, model):
    with pytest.raises(SettingError, match="stack"):
        translator.translate(["The lamp."], Beam())
    run = latimer("translate", model, "--sample", stdin=b"x\n")
    assert run.returncode == 2
    assert b"search.kind" in run.stderr


def test_explain_shows_phrases_and_the_lines_they_come_from(corpus, model):
    folder, _ = corpus
    text = "The small lamp opens in the attic."
    run = latimer("explain", model, text, "--json")
    (found,) = json.loads(run.stdout)
    assert found["source"] == text
    weights, features = found["weights"], found["features"]
    total = sum(weights[name] * features[name] for name in weights)
    assert found["score"] == pytest.approx(total, abs=1e-3)
    sources, targets = lines(folder, "train.en"), lines(folder, "train.eo")
    seen = [phrase for phrase in found["phrases"] if phrase["lines"]]
    assert seen
    for phrase in seen:
        assert phrase["count"] >= len(phrase["lines"]) >= 1
        for line in phrase["lines"]:
            assert line["source"] == sources[line["number"] - 1]
            assert line["target"] == targets[line["number"] - 1]
            assert phrase["source"].lower() in line["source"].lower()
            assert phrase["target"].lower() in line["target"].lower()
    shown = latimer("explain", model, text).stdout.decode()
    assert "×" in shown
    assert found["translation"] in shown


def test_explain_says_when_the_text_is_not_at_hand(model, tmp_path):
    moved = tmp_path / "model"
    shutil.copytree(model, moved)
    config = json.loads((moved / "config.json").read_text("utf-8"))
    config["data"]["train"]["source"] = str(tmp_path / "gone.en")
    (moved / "config.json").write_text(json.dumps(config), "utf-8")
    run = latimer("explain", moved, "The lamp.")
    assert run.returncode == 0
    assert b"--corpus" in run.stderr


@pytest.mark.parametrize("name", ["phrases.safetensors", "target.json", "alignment.safetensors"])
def test_files_that_are_changed_or_missing_are_named(model, tmp_path, name):
    folder = tmp_path / "model"
    shutil.copytree(model, folder)
    path = folder / name
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(InputError, match=name):
        package.load(folder)
    path.unlink()
    with pytest.raises(InputError, match=f"{name} is missing"):
        package.load(folder)


def test_without_numba_the_extra_is_named(model, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "numba", None)
    with pytest.raises(LatimerError, match=r"latimer\[statistical\]"):
        package.load(model)
