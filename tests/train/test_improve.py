"""Improving a translator from its folder: the recipe, the command, and exact continuation."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from safetensors.torch import load_file

from latimer.commands.improve import improve
from latimer.errors import InputError
from latimer.recipe import load_recipe
from latimer.train.improvement import OBJECTIVES
from latimer.train.run import train

FEW = ["training.warmup=0", "training.cooldown=0", "training.max_minutes=", "training.threads=1"]
FEW += ["training.precision=fp32", "training.validate_every=2", "training.batch_tokens=200"]


def text(folder: Path, part: str, count: int, seed: int) -> list[str]:
    """Number words and their letters, as settings of a recipe."""
    random.seed(seed)
    names = {"one": "A", "two": "B", "three": "C", "four": "D", "five": "E"}
    rows = [random.choices(list(names), k=random.randint(1, 5)) for _ in range(count)]
    sides = {
        "source": [" ".join(row) for row in rows],
        "target": [" ".join(names[word] for word in row) for row in rows],
    }
    for side, lines in sides.items():
        (folder / f"{part}.{side}").write_text("".join(f"{line}\n" for line in lines))
    return [f"data.{part}.{side}={folder / part}.{side}" for side in sides]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A translator that has learnt a little."""
    folder = tmp_path_factory.mktemp("likelihood")
    settings = [*text(folder, "train", 200, 1), *text(folder, "dev", 20, 2), *FEW]
    settings += ["training.max_updates=12", "subwords.size=40", "training.learning_rate=1e-2"]
    return train(load_recipe("tiny", settings), folder / "run")


def improved(model: Path, run: Path, updates: int, objective: str, *more: str) -> dict[str, object]:
    settings = [*FEW, f"training.max_updates={updates}", "critic.size=8", "critic.embedding=8"]
    improve(
        model, run, objective=objective, overrides=[*settings, "critic.pretraining=1", *more],
        quiet=True,
    )  # fmt: skip
    newest = max((run / "state").iterdir())
    return dict(load_file(newest / "network.safetensors"))


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_continuing_is_the_same_as_never_stopping(
    model: Path, tmp_path: Path, objective: str, capsys: pytest.CaptureFixture[str]
) -> None:
    straight = improved(model, tmp_path / "straight", 4, objective)
    printed = capsys.readouterr().out.split()
    assert (Path(printed[0]) / "weights.safetensors").is_file()
    first = improved(model, tmp_path / "twice", 2, objective)
    second = improved(model, tmp_path / "twice", 4, objective)
    begun = load_file(model / "weights.safetensors")
    assert any(not begun[name].equal(second[name]) for name in begun)  # type: ignore[arg-type]
    assert any(not first[name].equal(second[name]) for name in begun)  # type: ignore[attr-defined]
    for name in begun:
        assert straight[name].equal(second[name])  # type: ignore[attr-defined]


@pytest.mark.parametrize("baseline", ["none", "running_mean", "self_critical", "learned"])
def test_every_baseline_continues_exactly(model: Path, tmp_path: Path, baseline: str) -> None:
    chosen = f"objective.baseline={baseline}"
    straight = improved(model, tmp_path / "straight", 4, "reinforce", chosen)
    improved(model, tmp_path / "twice", 2, "reinforce", chosen)
    second = improved(model, tmp_path / "twice", 4, "reinforce", chosen)
    assert all(straight[name].equal(second[name]) for name in straight)  # type: ignore[attr-defined]


def test_the_start_is_the_models_own_score(model: Path, tmp_path: Path) -> None:
    import json

    improved(model, tmp_path / "run", 2, "reinforce")
    lines = (tmp_path / "run" / "log.jsonl").read_text().splitlines()
    first = next(json.loads(line) for line in lines if '"validation"' in line)
    scores = json.loads((model / "config.json").read_bytes())["scores"]
    assert first["update"] == 0
    assert first["bleu"] == pytest.approx(scores["dev_bleu_greedy"])


def test_wrong_calls_get_one_line(model: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="choose one of reinforce"):
        improve(model, tmp_path / "run", objective="magic")
    with pytest.raises(InputError, match="not the description"):
        improve(tmp_path / "nothing", tmp_path / "run")
    with pytest.raises(InputError, match="at least 2"):
        improve(model, tmp_path / "run", overrides=["objective.samples=1"])
    with pytest.raises(InputError, match="another network"):
        improve(model, tmp_path / "run", overrides=["model.decoder_size=7"], quiet=True)


def test_reward_needs_a_model_to_start_from() -> None:
    settings = [
        f"data.{part}.{side}=x" for part in ("train", "dev") for side in ("source", "target")
    ]
    with pytest.raises(InputError, match="name its folder"):
        load_recipe("tiny", [*settings, "objective.kind=reinforce"])
