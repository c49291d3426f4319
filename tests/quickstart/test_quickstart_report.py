"""The last page: every figure beside its name, every command fit to paste."""

import io
import shlex
from pathlib import Path

import pytest
from rich.console import Console

from command_line import parse
from latimer.metrics.report import Score
from latimer.quickstart.improvement import Gain
from latimer.quickstart.report import Result, Sample, next_commands, show
from latimer.quickstart.scores import Scored
from latimer.text.pair import Origin, Pair

PAIR = Pair("A [bold]door[/].", "Pordo.", Origin("made.tsv", 1))
DEV = Scored([PAIR] * 1200, [""] * 1200,
             {"bleu": Score(21.26, "sig"), "chrf": Score(45.0, "sig")},
             {"bleu": Score(4.0, "sig"), "chrf": Score(17.04, "sig")})  # fmt: skip


def result(**changes: object) -> Result:
    facts = {
        "folder": Path("my run"), "model": Path("my run/models/best"),
        "corpus": "made.tsv, en to xx", "minutes": 6.0, "updates": 10, "parts": {"dev": DEV},
        "samples": [Sample("A [bold]door[/].", "Pordo.", "")], "pictures": [Path("my run/a.png")],
        "test_files": (Path("my run/corpus/test.en"), Path("my run/corpus/test.xx")),
        "again": ["--to", "xx", "--out", "my run", "--pairs", "a file.tsv"],
    }  # fmt: skip
    return Result(**{**facts, **changes})


def page(of: Result, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None, highlight=False)
    show(of, console)
    return console.file.getvalue()


def test_scores_stand_beside_those_of_copying():
    row = next(line for line in page(result()).splitlines() if line.split()[:1] == ["dev"])
    assert row.split() == ["dev", "1,200", "21.3", "4.0", "45.0", "17.0"]


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
    commands = [line for _, line in next_commands(result())]
    assert len(commands) == 4
    for command in commands:
        assert f"  {command}" in lines
        name, _ = parse(command)
        assert name in ("translate", "evaluate", "quickstart")
    _, again = parse(commands[2])
    assert again["minutes"] == 60
    assert again["out"] == Path("my run")
    assert again["pairs"] == [Path("a file.tsv")]


def test_a_command_outside_the_path_is_called_by_its_place(monkeypatch, tmp_path):
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", [str(tmp_path / ".venv/bin/latimer"), "quickstart"])
    assert {shlex.split(line)[0] for _, line in next_commands(result())} == {".venv/bin/latimer"}


def test_the_gain_stands_between_before_and_after():
    bleu = [{"dev": {"greedy": g, "beam 5": b}} for g, b in ((20.0, 21.25), (21.5, 21.0))]
    gain = Gain(2.0, 150, *bleu, kept=False)
    shown = page(result(gain=gain))
    row = [line for line in shown.splitlines() if line.split()[:1] == ["dev"]][1]
    assert row.split() == ["dev", "20.0", "21.5", "+1.5", "21.2", "21.0", "-0.2"]
    assert "2.0 minutes of learning from reward (no gain on dev: the model before is kept)" in shown
    assert "my run/models/likelihood" in shown
    facts = result(gain=gain).as_dict()["improvement"]
    assert facts["dev"]["greedy"] == {"before": 20.0, "after": 21.5}
    assert (facts["kept"], facts["updates"]) == (False, 150)


def test_json_has_scores_and_signatures():
    facts = result().as_dict()
    assert facts["dev"]["bleu"] == {"score": 21.26, "copying": 4.0, "signature": "sig"}
    assert facts["samples"] == [
        {"source": "A [bold]door[/].", "reference": "Pordo.", "translation": ""}
    ]
