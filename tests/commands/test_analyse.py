"""`latimer analyse search`, end to end through the real command."""

import json
import shutil

import pytest
import sacrebleu
from command import complaint, in_process, latimer

import latimer as library
from asking import asked
from latimer.analysis.search_errors import Found, Sentences, analyse_search
from latimer.errors import InputError
from latimer.search.strategies import Exact
from tiny_model import sentences


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("analysis")
    lines = [line for line in sentences(6, seed=5) if line.strip()]
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


def test_shares_are_drawn_in_percent_as_the_table_has_them():
    pytest.importorskip("matplotlib")
    from latimer.plots.search import draw_search

    share = {"bleu": 30.0, "length_ratio": 0.9, "short": 0.1, "seconds": 1.0, "peak_megabytes": 9.0}
    beams = [Found(1, 0.6, empty=0.0, **share), Found(10, 0.2, empty=0.03, **share)]
    exact = Found(None, 0.0, empty=0.05, **share)
    axes = draw_search([*beams, exact], "").axes  # BLEU, errors, lengths, empty translations
    assert [line.get_ydata()[0] for line in axes[1].get_lines()] == [0.6, 0.0]
    shown = [each.yaxis.get_major_formatter().format_ticks([0.5])[0] for each in axes]
    assert [text.endswith("%") for text in shown] == [False, True, False, True]


def test_errors_are_counted_by_score(model_folder, files):
    translator = library.load(model_folder, precision="fp32")
    texts = files[0].read_text("utf-8").splitlines()
    found = analysed(translator, texts, beams=[1])
    greedy = translator.translate(texts, **asked(beam=1, normalisation="none", max_length=6))
    wide = translator.translate(texts, **asked(beam=600, normalisation="none", max_length=6))
    worse = sum(g.score < w.score - 1e-5 for g, w in zip(greedy, wide, strict=True))
    assert found.proven == len(texts)
    assert found.found[0].errors >= worse / len(texts)


def test_figures_are_those_of_the_language(model_folder, files, tmp_path):
    folder = shutil.copytree(model_folder, tmp_path / "japanese")
    config = json.loads((folder / "config.json").read_bytes())
    config["languages"]["target"] = "ja"
    (folder / "config.json").write_text(json.dumps(config))
    lines = files[0].read_text("utf-8").splitlines()
    references = [line.replace(" ", "") for line in lines]
    reference = tmp_path / "reference"
    reference.write_text("".join(f"{line}\n" for line in references), encoding="utf-8")
    given = (folder, files[0], reference, "--max-length", 6, "--precision", "fp32", "--json")
    options = ("--beams", 3, "--budget", 5)
    run = latimer("analyse", "search", *given, *options)
    assert run.returncode == 0, run.stderr
    beam = json.loads(run.stdout)["found"][0]
    found = library.load(folder, precision="fp32").translate(
        lines, **asked(beam=3, max_length=6, normalisation="none")
    )
    texts = [translation.text for translation in found]
    bleu = sacrebleu.corpus_bleu(texts, [references], tokenize="char")
    assert beam["bleu"] == pytest.approx(bleu.score, abs=1e-9)
    assert beam["length_ratio"] == pytest.approx(bleu.sys_len / bleu.ref_len)
    pairs = zip(texts, references, strict=True)
    short = [2 * len(text.replace(" ", "")) < len(wanted) for text, wanted in pairs]
    assert sum(short) > 0
    assert beam["short"] == pytest.approx(sum(short) / len(texts))
    assert sum(not text for text in texts) < sum(short)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("models",), "analyse models: valid choices: search"),
        (("search", "--beams", "1,x"), "--beams 1,x: expected whole numbers"),
        (("search", "--beams", "0"), "--beams 0: expected whole numbers"),
        (("search", "--picture", "a.jpg"), "end the name in .png"),
        (("search", "--max-length", "6000"), "max_length is 6000; allowed"),
    ],
)
def test_bad_calls_get_one_line(model_folder, files, arguments, expected):
    what, *options = arguments
    run = latimer("analyse", what, model_folder, *files, *options)
    assert expected in complaint(run, 2)


def test_impossible_widths_are_refused_before_exact_search(model_folder, files, monkeypatch):
    def search(*_, **__):
        raise AssertionError("exact search has begun")

    monkeypatch.setattr("latimer.search.exact.exact_search", search)
    given = ("analyse", "search", model_folder, *files)
    run = latimer(*given, "--beams", "1,10,5000")
    assert "search.width is 5000; allowed: a whole number" in complaint(run, 2)
    monkeypatch.setattr("latimer.engines.neural.memory.free_bytes", lambda device: 10**8)
    run = latimer(*given, "--beams", "1,4000", "--max-length", 5000)
    assert "search.width 4000 and max_length 5000" in complaint(run, 2)


def test_blank_lines_are_left_out_and_what_is_not_proven_is_not_counted(model_folder, files):
    translator = library.load(model_folder, precision="fp32")
    texts = files[0].read_text("utf-8").splitlines()
    whole = analysed(translator, texts)
    gaps = analysed(translator, ["", *texts, " "], references=["", *texts, ""])
    assert (gaps.sentences, gaps.proven) == (len(texts), len(texts))
    for one, other in zip(gaps.found, whole.found, strict=True):
        assert (one.errors, one.empty, one.short) == (other.errors, other.empty, other.short)
    hard = unproven(translator, texts)
    nothing = analysed(translator, hard, budget=1)
    assert (nothing.sentences, nothing.proven) == (len(hard), 0)
    beam, exact = nothing.found
    assert (beam.errors, exact.errors, exact.empty, exact.short) == (None,) * 4
    assert beam.short is not None
    with pytest.raises(InputError, match="all sentences are blank"):
        Sentences([" "], ["x"])


def analysed(translator, texts, *, references=None, beams=(2,), budget=100_000):
    sentences = Sentences(texts, texts if references is None else references)
    exact = Exact(budget=budget)
    return analyse_search(translator.engine, sentences, exact, beams=beams, max_length=6)


def unproven(translator, texts):
    found = translator.translate(texts, **asked(max_length=6, search=Exact(budget=1)))
    return [text for text, one in zip(texts, found, strict=True) if one.gap]


def test_without_proofs_there_is_a_table_and_a_picture(model_folder, files, tmp_path):
    picture, lines = tmp_path / "search.png", tmp_path / "hard"
    translator = library.load(model_folder, precision="fp32")
    hard = unproven(translator, files[0].read_text("utf-8").splitlines())
    lines.write_text("".join(f"{line}\n" for line in hard))
    given = (
        "search",
        model_folder,
        lines,
        lines,
        "--precision",
        "fp32",
        "--beams",
        "1,3",
        "--max-length",
        6,
        "--budget",
        1,
    )
    run = latimer("analyse", *given, "--picture", picture)
    assert run.returncode == 0, run.stderr
    assert [line.split()[2] for line in run.stdout.decode().splitlines()[2:4]] == ["–", "–"]
    assert picture.read_bytes().startswith(b"\x89PNG")
