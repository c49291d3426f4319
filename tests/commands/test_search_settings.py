"""A model's own settings of search stand in for those that are not given."""

import json
import shutil

import pytest
from command import complaint, latimer
from latimer.search.settings import SearchSettings, completed

from asking import asked
from latimer import load
from tiny_model import save_tiny_model, sentences

STORED = {
    "beam": 3, "alpha": 0.2, "normalisation": "gnmt", "coverage_penalty": 0.3, "max_length": 9,
}  # fmt: skip
SAME = ("beam", "errors", "bleu", "length_ratio", "empty", "short")
"""Of an analysis, what the same search finds again."""


@pytest.mark.parametrize(
    ("stored", "given", "wanted"),
    [
        ({}, {}, (5, 1.0, "power", 0.0, None)),
        (STORED, {}, (3, 0.2, "gnmt", 0.3, 9)),
        (STORED, {"beam": 1, "coverage_penalty": 0.0}, (1, 0.2, "gnmt", 0.0, 9)),
        (STORED, {"normalisation": "gnmt"}, (3, 0.2, "gnmt", 0.3, 9)),
        (STORED, {"normalisation": "power"}, (3, 1.0, "power", 0.3, 9)),
        (STORED, {"normalisation": "power", "alpha": 0.7}, (3, 0.7, "power", 0.3, 9)),
        ({"alpha": 0.5, "unknown": 1}, {}, (5, 0.5, "power", 0.0, None)),
    ],
)
def test_what_is_not_given_is_the_models(stored, given, wanted):
    assert completed(stored, **given) == SearchSettings(*wanted)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """One model with the usual settings, and the same with those of STORED."""
    folder = tmp_path_factory.mktemp("models")
    save_tiny_model(folder / "usual")
    shutil.copytree(folder / "usual", folder / "own")
    config = json.loads((folder / "own" / "config.json").read_bytes())
    (folder / "own" / "config.json").write_text(json.dumps(config | {"search": STORED}))
    shutil.copytree(folder / "usual", folder / "back")
    back = {"source": "de", "target": "en"}
    (folder / "back" / "config.json").write_text(json.dumps(config | {"languages": back}))
    return folder


def test_a_translator_and_both_commands_search_as_the_model_says(models, tmp_path):
    texts = sentences(12, seed=3)
    wanted = load(models / "usual", shortlist="off").translate(texts, **asked(**STORED))
    translator = load(models / "own", shortlist="off")
    assert translator.translate(texts) == wanted
    plain = load(models / "usual", shortlist="off").translate(texts)
    assert [t.score for t in plain] != [t.score for t in wanted]
    as_before = {"beam": 5, "alpha": 1.0, "normalisation": "power", "coverage_penalty": 0.0}
    assert translator.translate(texts, **asked(**as_before, max_length=40)) == load(
        models / "usual", shortlist="off"
    ).translate(texts, **asked(max_length=40))
    lines = tmp_path / "lines"
    lines.write_text("\n".join(texts) + "\n")
    off = ("--shortlist", "off")
    run = latimer("translate", models / "own", lines, *off)
    assert run.stdout.decode().splitlines() == [t.text for t in wanted]
    run = latimer("evaluate", models / "own", lines, lines, *off, "--json")
    shown = json.loads(run.stdout)
    assert {name: shown[name] for name in STORED} == STORED


def test_another_search_does_not_ask_for_the_models_coverage(models, tmp_path):
    line = tmp_path / "line"
    line.write_text(sentences(1)[0] + "\n")
    for search in (("--sample",), ("--search", "exact"), ("--search", "mbr", "--samples", 2)):
        assert latimer("translate", models / "own", line, *search).returncode == 0
    run = latimer("translate", models / "own", line, "--sample", "--coverage-penalty", 0.1)
    assert "coverage_penalty 0.1 is for the beam" in complaint(run, 2)


def test_evaluate_takes_what_translate_takes(models, tmp_path):
    source = tmp_path / "source"
    source.write_text("\n".join(sentences(5, seed=4)) + "\n")
    for options in (
        ("--with", models / "usual", "--min-length", 4),
        ("--no-repeat", 2, "--shortlist", "off"),
        ("--reverse", models / "back", "--channel-weight", 0.5),
    ):
        written = latimer("translate", models / "usual", source, *options)
        out = tmp_path / "written"
        run = latimer("evaluate", models / "usual", source, source, *options, "--hypotheses", out)
        assert run.returncode == 0, run.stderr
        assert out.read_text() == written.stdout.decode()
    run = latimer("evaluate", models / "usual", source, source, "--channel-weight", 1)
    assert "--channel-weight is for reranking" in complaint(run, 2)


def test_an_analysis_has_no_penalty_but_what_it_says(models, tmp_path):
    lines = tmp_path / "lines"
    lines.write_text("\n".join(sentences(6, seed=5)) + "\n")
    found = []
    for model in ("usual", "own"):
        run = latimer(
            "analyse", "search", models / model, lines, lines, "--beams", "1,4", "--max-length", 9,
            "--normalisation", "power", "--budget", 300, "--json",
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
        found.append([_figures(entry) for entry in json.loads(run.stdout)["found"]])
    assert found[0] == found[1]


def _figures(entry):
    return {name: value for name, value in entry.items() if name in SAME}
