"""`latimer analyse search`, end to end through the real command."""

import json

import pytest
from command import complaint, in_process, latimer

import latimer as library
from latimer.engines.search_analysis import analyse_search
from tiny_model import sentences


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("analysis")
    lines = [line for line in sentences(12, seed=5) if line.strip()]
    for name, part in (("source", lines), ("reference", lines)):
        (folder / name).write_text("".join(f"{line}\n" for line in part), encoding="utf-8")
    return folder / "source", folder / "reference"


def test_a_table_a_picture_and_json(model_folder, files, tmp_path):
    picture = tmp_path / "search.png"
    given = ("search", model_folder, *files, "--beams", "1,3,20", "--max-length", 6)
    run = in_process("analyse", *given, "--picture", picture)
    assert run.returncode == 0, run.stderr
    lines = run.stdout.decode().splitlines()
    assert [line.split()[0] for line in lines[2:6]] == ["beam", "beam", "beam", "exact"]
    assert picture.read_bytes().startswith(b"\x89PNG")
    found = json.loads(latimer("analyse", *given, "--json").stdout)
    errors = [entry["errors"] for entry in found["found"]]
    assert found["proven"] > 0
    assert errors == sorted(errors, reverse=True)  # wider beams err less often here
    assert errors[-1] == 0
    assert [entry["beam"] for entry in found["found"]] == [1, 3, 20, None]


def test_errors_are_counted_by_score(model_folder, files):
    translator = library.load(model_folder, precision="fp32")
    texts = files[0].read_text("utf-8").splitlines()
    found = analyse_search(translator, texts, texts, beams=[1], max_length=6)
    greedy = translator.translate(texts, beam=1, normalisation="none", max_length=6)
    wide = translator.translate(texts, beam=600, normalisation="none", max_length=6)
    worse = sum(g.score < w.score - 1e-5 for g, w in zip(greedy, wide, strict=True))
    assert found.proven == len(texts)
    assert found.found[0].errors >= worse / len(texts)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("models",), "analyse models: valid choices: search"),
        (("search", "--beams", "1,x"), "--beams 1,x: expected whole numbers"),
        (("search", "--beams", "0"), "--beams 0: expected whole numbers"),
        (("search", "--picture", "a.jpg"), "end the name in .png"),
    ],
)
def test_bad_calls_get_one_line(model_folder, files, arguments, expected):
    what, *options = arguments
    run = latimer("analyse", what, model_folder, *files, *options)
    assert expected in complaint(run, 2)
