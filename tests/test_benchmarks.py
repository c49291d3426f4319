"""The benchmark command finds what it names, and the results pages agree with their figures."""

import importlib.util
import json
import re

import pytest

from benchmarks import __main__ as command
from benchmarks import tables
from benchmarks.suites import BENCHMARKS, SUITES


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_is_a_module(name):
    assert importlib.util.find_spec(f"benchmarks.{BENCHMARKS[name].module}")


def test_suites_name_benchmarks():
    assert all(set(members) <= set(BENCHMARKS) for members in SUITES.values())
    assert set(SUITES["quick"]) < set(SUITES["full"])


@pytest.fixture
def started(monkeypatch):
    calls = []
    monkeypatch.setattr(command, "start", lambda name, words: calls.append((name, words)) or 0)
    return calls


def test_one_name_hands_its_options_on(started):
    assert command.main(["run", "planning", "--runs", "2"]) == 0
    assert started == [("planning", ["--runs", "2"])]


def test_a_suite_hands_out_folders_and_leaves_out_what_lacks_one(started, capsys):
    assert command.main(["run", "--suite", "quick", "--work", "w", "--data", "d"]) == 0
    names = [name for name, _ in started]
    assert "training_speed" in names
    assert "startup" not in names
    assert "startup: left out, it needs --model" in capsys.readouterr().err
    assert dict(started)["planning"] == ["--work", "w/planning"]


def test_an_unknown_name_is_refused(started, capsys):
    with pytest.raises(SystemExit) as refused:
        command.main(["run", "plannning", "learning"])
    assert refused.value.code == 2
    assert "no benchmark 'plannning'" in capsys.readouterr().err
    assert not started


def test_pages_agree_with_the_figures():
    assert tables.main(["--check"]) == 0, "run: python -m benchmarks.tables"


def test_every_table_is_shown_once():
    pages = "".join(path.read_text("utf-8") for path in tables.DOCS.rglob("*.md"))
    shown = re.findall(r"<!-- table: ([\w-]+) -->", pages)
    assert sorted(shown) == sorted(path.stem for path in (tables.RESULTS / "data").glob("*.json"))


@pytest.mark.parametrize(
    "path", sorted((tables.RESULTS / "data").glob("*.json")), ids=lambda p: p.stem
)
def test_every_table_says_where_it_comes_from(path):
    table = json.loads(path.read_text("utf-8"))
    assert {"command", "machine", "date"} <= set(table["source"])
    assert all(len(row) == len(table["columns"]) for row in table["rows"])


def test_cells_are_written_with_the_digits_of_their_column():
    assert tables.cell(1234.56, {"digits": 1}) == "1,234.6"
    assert tables.cell([37.04, 36.9, 37.2], {"digits": 1}) == "37.0 (36.9–37.2)"
    assert tables.cell(None, {"digits": 1}) == ""
    assert tables.cell("auto", {}) == "auto"
