"""The last page: every figure beside its name, every command fit to paste."""

import io
import shlex
from pathlib import Path

import pytest
from rich.console import Console

from command_line import parse
from latimer.formats.pair import Origin, Pair
from latimer.metrics.corpus_scores import Score
from latimer.metrics.significance import Comparison
from latimer.quickstart.improvement import Gain, worth_improving
from latimer.quickstart.report import Result, Sample, commands, next_commands, show
from latimer.quickstart.scores import Scored, Unaided
from latimer.quickstart.verdict import Evidence

PAIR = Pair("A [bold]door[/].", "Pordo.", Origin("made.tsv", 1))
DEV = Scored(
    Unaided(
        [PAIR] * 1200, "xx", [""] * 1200,
        copying={"bleu": Score(4.0, "sig"), "chrf": Score(17.04, "sig")},
        memory={"bleu": Score(13.0, "sig"), "chrf": Score(31.0, "sig")},
    ),
    [""] * 1200,
    {"bleu": Score(21.26, "sig"), "chrf": Score(45.0, "sig")},
)  # fmt: skip


def compared(before: float, after: float, low: float, high: float, p_value: float) -> Comparison:
    return Comparison("bleu", 1200, before, after, low, high, p_value, "sig")


EVIDENCE = Evidence(
    compared(4.0, 21.26, 15.0, 19.0, 0.001), compared(13.0, 21.26, 6.0, 10.0, 0.001),
    unseen=True, pairs=34_000, updates=401, minutes=6.0,
)  # fmt: skip


def result(**changes: object) -> Result:
    facts = {
        "folder": Path("my run"), "model": Path("my run/models/best"),
        "corpus": "made.tsv, en to xx", "minutes": 6.0, "updates": 10, "parts": {"dev": DEV},
        "samples": [Sample("A [bold]door[/].", "Pordo.", "")], "pictures": [Path("my run/a.png")],
        "test_files": (Path("my run/corpus/test.en"), Path("my run/corpus/test.xx")),
        "again": ["--to", "xx", "--out", "my run", "--pairs", "a file.tsv"],
        "evidence": EVIDENCE,
    }  # fmt: skip
    return Result(**{**facts, **changes})


def page(of: Result, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None, highlight=False)
    show(of, console)
    return console.file.getvalue()


def test_scores_stand_beside_those_of_copying_and_of_a_memory():
    row = next(line for line in page(result()).splitlines() if line.split()[:1] == ["dev"])
    assert row.split() == ["dev", "1,200", "21.3", "4.0", "13.0", "45.0", "17.0", "31.0"]


def test_text_is_shown_as_it_is():
    shown = page(result())
    assert "A [bold]door[/]." in shown
    assert "(nothing)" in shown


def test_without_scores_and_pictures_the_page_still_says_what_was_written():
    shown = page(result(parts={}, samples=[], pictures=[], test_files=None))
    assert "Scores" not in shown
    assert "my run/models/best" in shown
    assert "evaluate" not in shown


@pytest.mark.parametrize("width", [40, 100])
def test_next_commands_can_be_pasted(width, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: f"/somewhere/{name}")
    lines = page(result(), width).splitlines()
    listed = [line for _, line in next_commands(result())]
    assert len(listed) == 4
    for command in listed:
        assert f"  {command}" in lines
        name, _ = parse(command)
        assert name in ("translate", "evaluate", "quickstart")
    _, again = parse(listed[2])
    assert again["minutes"] == 60
    assert again["out"] == Path("my run")
    assert again["pairs"] == [Path("a file.tsv")]


def test_a_command_outside_the_path_is_called_by_its_place(monkeypatch, tmp_path):
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", [str(tmp_path / ".venv/bin/latimer"), "quickstart"])
    assert {shlex.split(line)[0] for _, line in next_commands(result())} == {".venv/bin/latimer"}


def test_what_reward_changed_is_said_with_its_interval():
    gain = Gain(
        2.0,
        150,
        {"dev": {"greedy": compared(20.0, 21.5, 0.44, 2.56, 0.004),
                 "beam 5": compared(21.25, 21.0, -1.0, 0.5, 0.51)}},
        kept=False,
    )  # fmt: skip
    shown = page(result(gain=gain))
    rows = [line.split() for line in shown.splitlines() if line.split()[:1] == ["dev"]][1:]
    assert rows == [
        ["dev", "greedy", "20.0", "21.5", "+1.5", "+0.4", "to", "+2.6", "clear"],
        ["dev", "beam", "5", "21.2", "21.0", "-0.2", "-1.0", "to", "+0.5", "no", "clear", "change"],
    ]
    assert "2.0 minutes of learning from reward (no gain on dev: the model before is kept)" in shown
    assert "my run/models/likelihood" in shown
    facts = result(gain=gain).as_dict()["improvement"]
    assert facts["dev"]["greedy"] == {
        "before": 20.0, "after": 21.5, "difference": 1.5, "interval": [0.44, 2.56],
        "p_value": 0.004, "clear": True,
    }  # fmt: skip
    assert (facts["kept"], facts["updates"]) == (False, 150)


def test_why_learning_from_reward_was_left_out_is_said():
    reason = worth_improving(3.0, 1.0)
    assert reason in " ".join(page(result(no_gain=reason)).split())
    assert result(no_gain=reason).as_dict()["improvement"] == {"left_out": reason}


@pytest.mark.parametrize(
    ("bleu", "copying", "says"),
    [
        (9.94, 1.0, "BLEU 10 or more on dev, and this one has 9.9."),
        (9.96, 1.0, None),
        (30.0, 29.9, None),
        (30.0, 30.0, "than copying the source (30.0), and this one has 30.0."),
        (0.0, 0.0, "BLEU 10 or more on dev, and this one has 0.0."),
    ],
)
def test_only_a_translator_that_writes_sentences_is_worth_improving(bleu, copying, says):
    reason = worth_improving(bleu, copying)
    assert reason is None if says is None else reason.endswith(says)


@pytest.mark.parametrize(
    "again",
    [
        [],
        ["--to", "ja", "--out", "my run"],
        ["--from", "en", "--to", "xx", "--pairs", "a b.tsv"],
    ],
    ids=["default", "language", "files"],
)
@pytest.mark.parametrize("width", [40, 100])
def test_every_command_of_a_verdict_can_be_pasted(width, again, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: f"/somewhere/{name}")
    of = result(again=again)
    ready = commands(of)
    assert parse(ready.translate)[0] == "translate"
    name, longer = parse(ready.longer(15))
    assert (name, longer["minutes"]) == ("quickstart", 15)
    name, more = parse(ready.more_text)
    assert name == "quickstart"
    assert more["out"] != (longer["out"] or Path("latimer-quickstart"))  # one text a folder
    assert more["to"] in ("xx", "ja", "de")
    assert [*(more["pairs"] or []), *(more["more"] or [])][-1] in (Path("YOUR.po"), Path("MORE.po"))
    lines = page(of, width).splitlines()
    assert lines[-1] == f"  Next: translate your file: {ready.translate}"


def test_json_has_scores_and_signatures():
    facts = result().as_dict()
    assert facts["dev"]["bleu"] == {
        "score": 21.26, "copying": 4.0, "memory": 13.0, "signature": "sig",
    }  # fmt: skip
    assert facts["verdict"][1].startswith("Copying the source scores 4.0, the nearest sentence")
    assert facts["samples"] == [
        {"source": "A [bold]door[/].", "reference": "Pordo.", "translation": ""}
    ]
