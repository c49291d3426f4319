"""A model's own settings of search stand in for those that are not given."""

import json
import shutil

import pytest
from command import complaint, latimer

from latimer import Beam, Constraints, load
from latimer.search.reading import read_search
from tiny_model import save_tiny_model, sentences

STORED = Beam(3, 0.2, "gnmt", coverage_penalty=0.3)
SAME = ("beam", "errors", "bleu", "length_ratio", "empty", "short")
"""Of an analysis, what the same search finds again."""


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """One model with the usual settings, and the same with those of STORED."""
    folder = tmp_path_factory.mktemp("models")
    save_tiny_model(folder / "usual")
    shutil.copytree(folder / "usual", folder / "own")
    config = json.loads((folder / "own" / "config.json").read_bytes())
    own = {"search": STORED.model_dump(), "constraints": {"max_length": 9}}
    (folder / "own" / "config.json").write_text(json.dumps(config | own))
    shutil.copytree(folder / "usual", folder / "back")
    back = {"source": "de", "target": "en"}
    (folder / "back" / "config.json").write_text(json.dumps(config | {"languages": back}))
    return folder


def test_a_translator_and_both_commands_search_as_the_model_says(models, tmp_path):
    texts = sentences(12, seed=3)
    wanted = load(models / "usual", shortlist="off").translate(
        texts, STORED, constraints=Constraints(max_length=9)
    )
    translator = load(models / "own", shortlist="off")
    assert translator.translate(texts) == wanted
    plain = load(models / "usual", shortlist="off").translate(texts)
    assert [t.score for t in plain] != [t.score for t in wanted]
    longer = Constraints(max_length=40)
    assert translator.translate(texts, Beam(), constraints=longer) == load(
        models / "usual", shortlist="off"
    ).translate(texts, constraints=longer)
    lines = tmp_path / "lines"
    lines.write_text("\n".join(texts) + "\n")
    off = ("--set", "engine.shortlist=off")
    run = latimer("translate", models / "own", lines, *off)
    assert run.stdout.decode().splitlines() == [t.text for t in wanted]
    run = latimer("evaluate", models / "own", lines, lines, *off, "--json")
    shown = json.loads(run.stdout)
    assert read_search(shown["search"]) == STORED


def test_another_search_does_not_ask_for_the_models_coverage(models, tmp_path):
    line = tmp_path / "line"
    line.write_text(sentences(1)[0] + "\n")
    for search in (
        ["--sample"], ["--set", "search.kind=exact"],
        ["--set", "search.kind=mbr", "--set", "search.samples=2"],
    ):  # fmt: skip
        assert latimer("translate", models / "own", line, *search).returncode == 0
    given = ("--sample", "--set", "search.coverage_penalty=0.1")
    run = latimer("translate", models / "own", line, *given)
    assert "search.kind sampling has no such setting, it belongs to beam, diverse" in complaint(
        run, 2
    )


def test_evaluate_takes_what_translate_takes(models, tmp_path):
    source = tmp_path / "source"
    source.write_text("\n".join(sentences(5, seed=4)) + "\n")
    for options in (
        ("--set", f"engine.ensemble={models / 'usual'}", "--set", "constraints.min_length=4"),
        ("--set", "constraints.no_repeat=2", "--set", "engine.shortlist=off"),
        ("--set", "search.kind=diverse", "--set", "constraints.prefix=Ka"),
        ("--set", "search.kind=mbr", "--set", "search.samples=3"),
        ("--set", f"engine.reverse={models / 'back'}", "--set", "engine.channel_weight=0.5"),
    ):
        written = latimer("translate", models / "usual", source, *options)
        out = tmp_path / "written"
        run = latimer("evaluate", models / "usual", source, source, *options, "--hypotheses", out)
        assert run.returncode == 0, run.stderr
        assert out.read_text() == written.stdout.decode()
    run = latimer("evaluate", models / "usual", source, source, "--set", "engine.channel_weight=1")
    assert "it is the weight of engine.reverse" in complaint(run, 2)


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
