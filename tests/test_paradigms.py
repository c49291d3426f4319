"""The benchmark of all paradigms: tables, what is trained again and what is not, what it costs."""

import json
import random
from pathlib import Path

import pytest

from benchmarks import paradigm_models, paradigm_tables, paradigms
from benchmarks.paradigm_models import Corpus, Made, Missing, NotMade, Workshop, training_cost

WORDS = ["open", "close", "file", "folder", "save", "select", "a", "new", "window", "menu", "page"]


@pytest.fixture
def corpus(tmp_path):
    """A corpus folder of sixty made-up sentences; the target is the source in capitals."""
    folder = tmp_path / "made"
    folder.mkdir()
    draw = random.Random(1)
    lines = [" ".join(draw.choices(WORDS, k=7)) for _ in range(60)]
    for part, some in (("train", lines[:30]), ("dev", lines[:9]), ("test", lines[30:])):
        for code, change in (("en", str.lower), ("de", str.upper)):
            text = "".join(f"{change(line)}\n" for line in some)
            (folder / f"{part}.{code}").write_text(text, "utf-8")
    report = {"source_language": "en", "target_language": "de"}
    (folder / "report.json").write_text(json.dumps(report), "utf-8")
    return folder


def translator_of(path, spoilt):
    """A paradigm: a file of the right translations, of which the first `spoilt` are wrong."""

    def make(shop, name):
        lines = shop.corpus.files["test"][1].read_text("utf-8").splitlines()
        wrong = ["X Y Z W V U T"] * spoilt + lines[spoilt:]
        path.write_text("".join(f"{line}\n" for line in wrong), "utf-8")
        return Made(str(path), spoilt / 4, spoilt / 8)

    return make


def unable(shop, name):
    raise NotMade("no such pair")


@pytest.fixture
def three(tmp_path, monkeypatch):
    """Phrases at a third wrong, attention at all but all wrong, combined at none wrong."""
    made = {
        "copying": paradigm_models.copying,
        "Apertium": unable,
        "phrases": translator_of(tmp_path / "phrases.txt", 10),
        "attention": translator_of(tmp_path / "attention.txt", 28),
        "combined": translator_of(tmp_path / "combined.txt", 0),
    }
    monkeypatch.setattr(paradigm_models, "PARADIGMS", made)
    monkeypatch.setattr(paradigms, "PARADIGMS", made)


def measured(corpus, work, *words):
    paradigms.main(["--text", str(corpus), "--work", str(work), "--trials", "400", *words])
    found = paradigms.results(work)
    return paradigm_tables.all_tables(found, paradigm_tables.Source("machine", "day", "A note."))


def test_the_table_of_a_text_goes_from_the_worst_to_the_best(corpus, tmp_path, three):
    table = measured(corpus, tmp_path / "work", "--sizes")["paradigms-made"]
    names = [row[0] for row in table["rows"]]
    assert names == ["copying", "attention", "phrases", "combined", "Apertium"]
    by_name = {row[0]: row[1:] for row in table["rows"]}
    assert by_name["combined"][:3] == [[100.0] * 3, [100.0] * 3, 1.0]
    assert by_name["combined"][5:7] == [0.0, 0.0]
    assert by_name["phrases"][5:7] == [2.5, 1.25]
    assert by_name["Apertium"] == ["no such pair", *[None] * 7]
    assert by_name["copying"][-1] is None
    assert by_name["combined"][-1] < 0.05
    assert {len(row) for row in table["rows"]} == {len(table["columns"])}
    assert table["source"]["note"].startswith("(30 sentences; 30 pairs to learn from.)")
    assert table["source"]["note"].endswith("A note.")


def test_pairs_that_are_not_clearly_apart_are_named():
    pair = {"first": "a", "second": "b", "randomisation_holm": 0.05}
    clear = {"first": "a", "second": "c", "randomisation_holm": 0.049}
    found = paradigm_tables.unclear({"pairs": [pair, clear]})
    assert "a and b." in found
    assert "c" not in found.replace("clearly", "")
    assert paradigm_tables.unclear({"pairs": [clear]}) == "Every pair differs (p < 0.05)."


def test_sizes_that_the_text_has_are_rows_of_a_second_table(corpus, tmp_path, three):
    tables = measured(corpus, tmp_path / "work", "--sizes", "10", "20", "30", "500")
    assert list(tables) == ["paradigms-made", "paradigms-sizes"]
    rows = tables["paradigms-sizes"]["rows"]
    assert [row[:2] for row in rows] == [["made", 10], ["made", 20], ["made", 30]]
    phrases, attention, combined, more, p, gain, gain_p, *minutes = rows[0][2:]
    assert combined == 100.0
    assert more == pytest.approx(attention - phrases, abs=0.11)
    assert gain == pytest.approx(combined - phrases, abs=0.11)
    assert p < 0.05
    assert gain_p < 0.05
    assert minutes == [1.25, 3.5]
    train = tmp_path / "work" / "made-10" / "text" / "train.de"
    assert len(train.read_text("utf-8").splitlines()) == 10


def test_p_of_the_sizes_is_corrected_for_their_three_pairs_alone():
    """Holm by hand: 0.01 · 3 = 0.03, then 0.02 · 2 = 0.04, then 0.5."""
    systems = [
        {"name": name, "scores": {"bleu": {"value": value}}}
        for name, value in (("phrases", 20.0), ("attention", 21.0), ("combined", 23.5), ("x", 1.0))
    ]
    values = {"pa": 0.5, "pc": 0.01, "ac": 0.02, "px": 0.0001}
    names = {"p": "phrases", "a": "attention", "c": "combined", "x": "x"}
    pairs = [
        {"first": names[k[0]], "second": names[k[1]], "randomisation": p} for k, p in values.items()
    ]
    result = {"systems": systems, "pairs": pairs}
    assert paradigm_tables.difference(result, "phrases", "attention") == [1.0, 0.5]
    assert paradigm_tables.difference(result, "attention", "combined") == [2.5, 0.04]
    assert paradigm_tables.difference(result, "phrases", "combined") == [3.5, 0.03]


def test_a_row_without_a_translator_says_why(corpus, tmp_path, three):
    words = ["--sizes", "10", "--untrained", "attention"]
    rows = measured(corpus, tmp_path / "work", *words)["paradigms-sizes"]["rows"]
    assert rows[0][3] == "not trained"
    assert rows[0][5:10] == [None, None, None, None, 1.25]


def test_the_example_rules_are_compared_without_marks(corpus, tmp_path, monkeypatch):
    made = {name: paradigm_models.PARADIGMS[name] for name in ("copying", "rules, example")}
    monkeypatch.setattr(paradigms, "PARADIGMS", made)
    measured(corpus, tmp_path / "work", "--sizes")
    outputs = (tmp_path / "work" / "made" / "outputs" / "rules-example.txt").read_text("utf-8")
    assert "Datei" in outputs
    assert "*" not in outputs


NETWORK = [{"kind": "start", "seconds": 0.0}, {"kind": "note", "seconds": 120.0, "cores": 0.5}]
"""The log of a network that had half a core for two minutes."""


def log_of(events):
    return "".join(json.dumps(event) + "\n" for event in events)


@pytest.fixture
def commands(monkeypatch):
    """The commands of `latimer` that are run; each only leaves a folder behind."""
    seen = []

    def run(words, log):
        seen.append(words[0])
        folder = Path(words[words.index("--run" if "--run" in words else "--out") + 1])
        model = folder if "--out" in words else folder / "models" / "best"
        model.mkdir(parents=True)
        (model / "config.json").write_text("{}", "utf-8")
        if "--run" in words:
            (folder / "log.jsonl").write_text(log_of(NETWORK), "utf-8")
        return 3.0, 1.0

    monkeypatch.setattr(paradigm_models, "run", run)
    return seen


def test_what_is_finished_is_not_made_again(corpus, tmp_path, commands):
    shop = Workshop(Corpus.written(corpus), tmp_path / "work")
    first = shop.made("combined")
    assert commands == ["train", "train", "combine"]
    assert (first.minutes, first.cpu_minutes) == (3.0 + 2 * 2.0, 1.0 + 2 * 1.0)
    assert shop.made("combined") == first
    assert shop.made("attention, after reward").minutes == 2.0 + 2.0
    assert commands == ["train", "train", "combine", "improve"]


def test_another_parent_makes_another_combination(corpus, tmp_path, commands):
    shop = Workshop(Corpus.written(corpus), tmp_path / "work")
    shop.made("combined")
    other = tmp_path / "other"
    other.mkdir()
    (other / "config.json").write_text("{}", "utf-8")
    given = Workshop(shop.corpus, shop.folder, {"attention": str(other)})
    found = given.made("combined")
    assert commands == ["train", "train", "combine", "combine"]
    assert found.parts[0] == str(other)
    assert found.minutes is None


def test_without_a_network_there_is_no_combination(corpus, tmp_path, commands):
    shop = Workshop(Corpus.written(corpus), tmp_path, untrained=frozenset({"attention"}))
    assert shop.made("combined") == Missing("not trained")
    assert commands == []


def test_the_cost_of_training_is_read_from_the_log_of_the_run(tmp_path):
    model = tmp_path / "models" / "best"
    assert training_cost(model) == (None, None)
    log = tmp_path / "log.jsonl"
    log.write_text(log_of(NETWORK), "utf-8")
    assert training_cost(model) == (2.0, 1.0)
    # A second sitting, of 60 seconds with a quarter of a core; and a third that was killed.
    start = {"kind": "start", "seconds": 120.0}
    second = [start, start, {"kind": "note", "seconds": 180.0, "cores": 0.25}]
    log.write_text(log_of([*NETWORK, *second]), "utf-8")
    assert training_cost(model) == (3.0, 1.25)
    log.write_text(log_of([*NETWORK, *second, {"kind": "start", "seconds": 180.0}]), "utf-8")
    assert training_cost(model) == (3.0, None)
    # Two sittings of a phrase-based model, of 30 and 12 CPU seconds.
    sittings = [(40, 10), (90, 30), (100, 3), (120, 12)]
    log.write_text(log_of([{"seconds": s, "cpu_seconds": c} for s, c in sittings]), "utf-8")
    assert training_cost(model) == (2.0, 0.7)


def test_a_command_that_fails_is_a_missing_translator(tmp_path, capsys):
    with pytest.raises(NotMade, match="failed"):
        paradigm_models.run(["train", "no-such-recipe", "--run", "x"], tmp_path / "log")
    assert "no-such-recipe" in capsys.readouterr().err


@pytest.mark.parametrize("word", ["made/phrases", "phrases=x", "made/phrase=x"])
def test_a_wrong_given_model_is_refused(word, corpus, tmp_path):
    with pytest.raises(SystemExit, match="TEXT/PARADIGM=MODEL is expected"):
        measured(corpus, tmp_path, "--given", word)
