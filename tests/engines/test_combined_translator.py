"""Ensembles, fusion, rules and drawing from a language model, through folders and the command."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

import latimer
from latimer.errors import InputError
from latimer.recipe import load_recipe
from latimer.train.run import train

FEW = ["training.warmup=0", "training.cooldown=0", "training.max_minutes=", "training.threads=1"]
FEW += ["training.precision=fp32", "training.max_updates=6", "training.batch_tokens=200"]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    random.seed(1)
    names = {"one": "A", "two": "B", "three": "C", "four": "D", "five": "E"}
    rows = [random.choices(list(names), k=random.randint(1, 5)) for _ in range(200)]
    lines = [(" ".join(row), " ".join(names[word] for word in row)) for row in rows]
    settings = [*FEW, "subwords.size=40", "training.learning_rate=1e-2"]
    for k, side in enumerate(("source", "target")):
        (folder / side).write_text("".join(f"{line[k]}\n" for line in lines))
        settings += [f"data.{part}.{side}={folder / side}" for part in ("train", "dev")]
    made = {"first": train(load_recipe("tiny", settings), folder / "first")}
    shared = [*settings, f"subwords.model={made['first']}"]
    made["second"] = train(load_recipe("tiny", [*shared, "seed=2"]), folder / "second")
    made["foreign"] = train(
        load_recipe("tiny", [*settings, "subwords.kind=char"]), folder / "foreign"
    )
    lm = [s for s in shared if ".source=" not in s]
    made["lm"] = train(load_recipe("language_model", lm), folder / "lm")
    return made


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "latimer.cli", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


TEXTS = ["one two three", "five", "two two four one"]


def test_an_ensemble_translates(models: dict[str, Path]) -> None:
    both = latimer.load(models["first"], others=[models["second"]])
    found = [t.text for t in both.translate(TEXTS)]
    again = [
        t.text for t in latimer.load(models["second"], others=[models["first"]]).translate(TEXTS)
    ]
    assert found == again
    twice = latimer.load(models["first"], others=[models["first"]])
    alone = latimer.load(models["first"])
    assert [t.text for t in twice.translate(TEXTS)] == [t.text for t in alone.translate(TEXTS)]


def test_fusion_with_weight_nought_changes_nothing(models: dict[str, Path]) -> None:
    alone = latimer.load(models["first"]).translate(TEXTS)
    fused = latimer.load(models["first"], language_model=models["lm"], weight=0.0).translate(TEXTS)
    assert [t.text for t in alone] == [t.text for t in fused]
    heavy = latimer.load(models["first"], language_model=models["lm"], weight=2.0).translate(TEXTS)
    assert [t.score for t in heavy] != [t.score for t in alone]


def test_other_vocabularies_are_refused(models: dict[str, Path]) -> None:
    with pytest.raises(InputError, match="different vocabularies") as caught:
        latimer.load(models["first"], others=[models["foreign"]])
    assert str(models["first"]) in str(caught.value)
    assert str(models["foreign"]) in str(caught.value)
    with pytest.raises(InputError, match="another vocabulary"):
        latimer.load(models["foreign"], language_model=models["lm"])
    with pytest.raises(InputError, match="not a language model"):
        latimer.load(models["first"], language_model=models["second"])


def test_rules_hold(models: dict[str, Path]) -> None:
    translator = latimer.load(models["first"])
    for text in translator.translate(TEXTS, prefix="C A"):
        assert text.text.startswith("C A")
    for text in translator.translate(TEXTS, no_repeat=1):
        assert len(set(text.text.split())) == len(text.text.split())
    with pytest.raises(InputError, match="min_length 5 does not fit into max_length 3"):
        translator.translate(TEXTS, min_length=5, max_length=3)
    with pytest.raises(InputError, match="do not fit into max_length 2"):
        translator.translate(TEXTS, prefix="A B C D", max_length=2)


def test_the_commands(models: dict[str, Path], tmp_path: Path) -> None:
    source = tmp_path / "text"
    source.write_text("".join(f"{text}\n" for text in TEXTS))
    first, second, lm = (str(models[name]) for name in ("first", "second", "lm"))
    found = run("translate", first, str(source), "--with", second, "--lm", lm, "--prefix", "B")
    assert found.returncode == 0
    assert [line[0] for line in found.stdout.splitlines()] == ["B"] * 3
    drawn = [run("sample", lm, "--count", "5", "--seed", "3", "--prefix", "D E") for _ in range(2)]
    assert drawn[0].returncode == 0
    assert drawn[0].stdout == drawn[1].stdout
    assert len(drawn[0].stdout.splitlines()) == 5
    assert all(line.startswith("D E") for line in drawn[0].stdout.splitlines())
    wrong = run("sample", first)
    assert wrong.returncode == 2
    assert "translate --sample" in wrong.stderr
