"""`latimer compare`, end to end through the real command."""

import json
import os

import pytest
import sacrebleu
from command import complaint, in_process, latimer

import latimer as library
from tiny_model import save_tiny_model, sentences

SOURCES = sentences(12, seed=21)
FEW = ("--samples", 20, "--trials", 30)


@pytest.fixture(scope="module")
def written(model_folder):
    return [t.text for t in library.load(model_folder).translate(SOURCES)]


@pytest.fixture
def files(tmp_path, written):
    references = [text + " lo" if i % 2 else text for i, text in enumerate(written)]
    texts = {"src": SOURCES, "ref": references, "worse": ["lo " + one for one in written]}
    for name, lines in texts.items():
        (tmp_path / name).write_text("\n".join(lines) + "\n")
    return tmp_path


def compared(files, *systems):
    return latimer("compare", files / "src", files / "ref", *systems, *FEW)


def test_every_kind_of_system_is_scored_as_sacrebleu_does(files, model_folder, written):
    run = compared(files, f"tiny={model_folder}", files / "worse", "copy", "--json", "--ter")
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    references = (files / "ref").read_text().splitlines()
    tiny, worse, copy = found["systems"]
    assert (tiny["name"], worse["name"], copy["name"]) == ("tiny", "worse", "copy")
    expected = {
        "bleu": sacrebleu.corpus_bleu, "chrf": sacrebleu.corpus_chrf, "ter": sacrebleu.corpus_ter
    }  # fmt: skip
    for metric, score in expected.items():
        assert tiny["scores"][metric]["value"] == score(written, [references]).score
        assert copy["scores"][metric]["value"] == score(SOURCES, [references]).score
    assert found["sentences"] == len(SOURCES)
    assert found["languages"] == {"source": "en", "target": "de"}
    assert tiny["sentences_per_cpu_second"] > 0
    size = sum(file.stat().st_size for file in model_folder.iterdir())
    assert tiny["megabytes"] == size / 1e6
    assert worse["megabytes"] is worse["sentences_per_cpu_second"] is None
    pairs = [(pair["metric"], pair["first"], pair["second"]) for pair in found["pairs"]]
    assert pairs[:3] == [
        ("bleu", "tiny", "worse"), ("bleu", "tiny", "copy"), ("bleu", "worse", "copy")
    ]  # fmt: skip
    assert len(pairs) == 9
    assert found["closer"]["first"] == "tiny"
    assert len(found["closer"]["samples"]["differing"]) == len(SOURCES)


def test_the_terminal_shows_rows_pairs_and_what_they_mean(files, written):
    run = compared(files, f"A={files / 'worse'},{files / 'ref'}", "copy", f"B={files / 'ref'}")
    text = run.stdout.decode()
    assert "A (mean of 2)" in text
    assert "range " in text
    assert text.count("BLEU, every pair") == 1
    assert " ".join(text.split()).count("leave out the variance of training") == 1
    assert "nrefs:1|case:mixed" in text


def test_outputs_are_kept_and_taken_again(files, model_folder, written, tmp_path):
    folder = tmp_path / "kept"
    keep = ("--outputs", folder, "--json")
    first = compared(files, f"tiny={model_folder}", "copy", *keep)
    assert first.returncode == 0, first.stderr
    assert (folder / "tiny.txt").read_text() == "\n".join(written) + "\n"
    again = compared(files, f"tiny={model_folder}", "copy", *keep, "--reuse")
    assert b"tiny: outputs taken from" in again.stderr
    assert json.loads(again.stdout) == json.loads(first.stdout)
    other = compared(files, f"tiny={model_folder}", "copy", *keep, "--reuse", "--beam", 1)
    assert b"outputs taken from" not in other.stderr  # other settings
    (folder / "tiny.txt").write_text("\n".join(SOURCES) + "\n")
    edited = compared(files, f"tiny={model_folder}", "copy", *keep, "--reuse", "--beam", 1)
    assert b"outputs taken from" not in edited.stderr


def test_other_models_and_sources_are_translated_anew(files, tmp_path):
    model, folder = tmp_path / "model", tmp_path / "kept"
    save_tiny_model(model)
    keep = (f"m={model}", "copy", "--outputs", folder, "--reuse")
    compared(files, *keep)
    save_tiny_model(model, seed=1)
    assert b"outputs taken from" not in compared(files, *keep).stderr
    assert b"outputs taken from" in compared(files, *keep).stderr
    (files / "src").write_text("\n".join(reversed(SOURCES)) + "\n")
    assert b"outputs taken from" not in compared(files, *keep).stderr


def test_the_page_is_written(files, tmp_path):
    page = tmp_path / "page.html"
    glossary = tmp_path / "terms"
    glossary.write_text("kalo\tlo\n")
    run = compared(
        files, files / "worse", "copy", "--html", page, "--train", files / "ref",
        "--glossary", glossary, "--pair", "copy,worse", "--to", "de",
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    text = page.read_text()
    assert text.startswith("<!doctype html>")
    assert "more often than copy" in text
    assert "Rare and frequent words" in text


@pytest.mark.parametrize(
    ("systems", "says"),
    [
        (["nothing.de"], "'nothing.de': no such system; a system is a model folder"),
        (["short"], "/short has 3 lines but the source has 12"),
        (["blank"], "blank: its output is empty, all 12 lines are blank"),
        (["worse", "worse"], "2 systems are called 'worse'"),
        (["latin"], "latin, line 1, byte 1: not UTF-8"),
        (["worse", "empty"], "config.json is missing; copy the whole model folder again"),
        (["worse", "copy", "--pair", "copy"], "--pair copy: two names are expected"),
        (["worse", "copy", "--pair", "copy,x"], "--pair: no system 'x'; there are worse, copy"),
        (["worse", "--reuse"], "--reuse: say with --outputs where the outputs are"),
        (["worse", "--to", "d e"], "--to: 'd e' is no language code"),
        (["worse", "--html", "worse"], "this is the file to be read; choose another"),
        (["worse", "--train", "absent"], "absent: cannot be read"),
        (["worse", "--glossary", "absent"], "absent: cannot be read"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_one_line(files, monkeypatch, systems, says):
    monkeypatch.chdir(files)
    (files / "short").write_text("a\nb\nc\n")
    (files / "blank").write_text(" \n" * 12)
    (files / "latin").write_bytes(b"\xe4\n" * 12)
    (files / "empty").mkdir()
    paths = [files / one if one in {"short", "latin"} else one for one in systems]
    assert says in complaint(compared(files, *paths), 2)


def test_systems_of_other_languages_are_refused(files, model_folder):
    run = compared(files, model_folder, "copy", "--to", "es")
    assert run.returncode == 2
    message = run.stderr.decode().splitlines()[-1]
    assert "--to is es, but tiny translates into de; compare systems of the same" in message


def test_references_of_another_length_are_refused(files):
    (files / "ref").write_text("a\n")
    message = complaint(compared(files, "copy"), 2)
    assert f"{files / 'src'} has 12 lines but {files / 'ref'} has 1" in message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write everything")
def test_what_may_not_be_read_or_written_is_named(files, tmp_path):
    (files / "worse").chmod(0)
    assert "cannot be read: Permission denied" in complaint(compared(files, files / "worse"), 2)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    run = compared(files, "copy", "--outputs", closed / "kept")
    assert f"--outputs {closed / 'kept'}: cannot be written" in complaint(run, 2)


def test_a_damaged_index_of_outputs_is_named(files, tmp_path):
    (tmp_path / "outputs.json").write_text("[1]")
    run = compared(files, "copy", "--outputs", tmp_path)
    assert "outputs.json: damaged, or not made by latimer compare" in complaint(run, 2)


def test_systems_whose_outputs_would_share_a_file_are_refused(files, tmp_path):
    run = compared(files, f"a b={files / 'worse'}", f"a-b={files / 'ref'}", "--outputs", tmp_path)
    assert "would be kept in the same file" in complaint(run, 2)


def test_the_command_needs_no_network_for_files(files):
    """A comparison of files loads no PyTorch model, and works in a process of its own."""
    run = in_process("compare", files / "src", files / "ref", files / "worse", "copy", *FEW)
    assert run.returncode == 0, run.stderr
    assert run.stdout.decode().startswith("12 sentences")
