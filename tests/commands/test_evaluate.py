"""`latimer evaluate`, end to end through the real command."""

import json
import re

import pytest
import sacrebleu
from command import complaint, in_process, latimer

import latimer as library
from asking import asked
from latimer.search.reading import read_search
from latimer.search.strategies import Beam
from tiny_model import sentences

SOURCES = ["", *sentences(14, seed=21)]


@pytest.fixture(scope="module")
def files(tmp_path_factory, model_folder):
    """A source, references near to what the model writes, and what it writes."""
    folder = tmp_path_factory.mktemp("evaluate")
    written = [t.text for t in library.load(model_folder).translate(SOURCES, **asked(beam=2))]
    references = [text + " lo" if i % 2 else text for i, text in enumerate(written)]
    (folder / "src").write_text("\n".join(SOURCES) + "\n")
    (folder / "ref").write_text("\n".join(references) + "\n")
    return folder / "src", folder / "ref", written, references


def test_scores_are_sacrebleus_of_what_the_model_writes(model_folder, files, tmp_path):
    source, reference, written, references = files
    hypotheses = tmp_path / "hypotheses"
    run = in_process(
        "evaluate", model_folder, source, reference, "--beam", 2, "--json",
        "--hypotheses", hypotheses,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    result = json.loads(run.stdout)
    assert hypotheses.read_text().split("\n") == [*written, ""]
    assert result["bleu"]["value"] == sacrebleu.corpus_bleu(written, [references]).score
    assert result["chrf"]["value"] == sacrebleu.corpus_chrf(written, [references]).score
    assert result["ter"]["value"] == sacrebleu.corpus_ter(written, [references]).score
    assert "tok:13a" in result["bleu"]["signature"]
    assert read_search(result["search"]) == Beam(2)
    assert result["sentences"] == len(SOURCES)
    assert result["sentences_per_second"] == pytest.approx(len(SOURCES) / result["seconds"])


def test_the_text_shows_scores_signatures_and_speed(model_folder, files):
    source, reference, written, references = files
    run = latimer(
        "evaluate", model_folder, source, reference, "--beam", 2, "--metrics", "chrF,BLEU"
    )
    first, second, last = run.stdout.decode().splitlines()
    assert first.startswith(f"chrF {sacrebleu.corpus_chrf(written, [references]).score:6.2f}   ")
    assert second.startswith(f"BLEU {sacrebleu.corpus_bleu(written, [references]).score:6.2f}   ")
    assert re.fullmatch(
        rf"beam: width 2, alpha 1, normalisation power, nbest 1, stop safe, coverage_penalty 0; "
        rf"{len(SOURCES)} sentences in [\d.]+ s "
        r"\([\d.]+ sentences/s\)",
        last,
    )
    given = ("--beam", 1, "--metrics", "bleu", "--set", "search.coverage_penalty=0.3")
    greedy = latimer("evaluate", model_folder, source, reference, *given)
    last = greedy.stdout.decode().splitlines()[-1]
    assert last.startswith("beam: width 1, alpha 1, ")
    assert "coverage_penalty 0.3; " in last


def test_files_of_unequal_length_are_refused(model_folder, files, tmp_path):
    source, _, _, references = files
    short = tmp_path / "short"
    short.write_text("\n".join(references[:-1]) + "\n")
    message = complaint(latimer("evaluate", model_folder, source, short), 2)
    assert f"{source} has 15 lines but {short} has 14" in message


def test_empty_files_are_refused(model_folder, tmp_path):
    (tmp_path / "a").touch()
    (tmp_path / "b").touch()
    message = complaint(latimer("evaluate", model_folder, tmp_path / "a", tmp_path / "b"), 2)
    assert "empty: no line has text in both files" in message


def test_an_unknown_metric_lists_the_valid_ones(model_folder, files):
    run = latimer("evaluate", model_folder, *files[:2], "--metrics", "bleu,comet")
    assert "unknown metric 'comet'; valid choices: bleu, chrf, ter" in complaint(run, 2)


def test_a_bad_line_of_the_reference_is_named(model_folder, files, tmp_path):
    bad = tmp_path / "bad"
    bad.write_bytes(b"fine\n\xe4\n")
    message = complaint(latimer("evaluate", model_folder, files[0], bad), 2)
    assert f"{bad}, line 2, byte 1: not UTF-8" in message


def test_a_damaged_model_is_named(model_folder, files, tmp_path):
    import shutil

    folder = tmp_path / "model"
    shutil.copytree(model_folder, folder)
    weights = folder / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    message = complaint(latimer("evaluate", folder, *files[:2]), 2)
    assert "weights.safetensors: truncated or not a safetensors file" in message


def test_hypotheses_do_not_overwrite_what_is_read(model_folder, files, tmp_path):
    source, reference = tmp_path / "src", tmp_path / "ref"
    source.write_bytes(files[0].read_bytes())
    reference.write_bytes(files[1].read_bytes())
    (tmp_path / "link").symlink_to(reference)
    for path in (source, reference, tmp_path / "link"):
        run = latimer("evaluate", model_folder, source, reference, "--hypotheses", path)
        assert f"--hypotheses {path}: this is the file to be read" in complaint(run, 2)
    assert source.read_bytes() == files[0].read_bytes()
    assert reference.read_bytes() == files[1].read_bytes()


@pytest.mark.parametrize(
    ("name", "message"),
    [("absent/out", "there is no folder"), ("folder", "this is a folder; name a file")],
)
def test_hypotheses_that_cannot_be_written_are_refused_at_once(files, tmp_path, name, message):
    (tmp_path / "folder").mkdir()
    path = tmp_path / name
    run = latimer("evaluate", tmp_path / "no model", *files[:2], "--hypotheses", path)
    assert f"--hypotheses {path}: {message}" in complaint(run, 2)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("engine.language_model_weight=0.5", "it is the weight of engine.language_model, which"),
        ("engine.channel_weight=1", "it is the weight of engine.reverse, which is not given"),
    ],
)
def test_a_weight_needs_its_model(model_folder, files, setting, message):
    for command in (("evaluate", model_folder, *files[:2]), ("translate", model_folder, files[0])):
        assert message in complaint(latimer(*command, "--set", setting), 2)
