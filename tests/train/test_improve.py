"""Improving a translator from its folder: the recipe, the command, and exact continuation."""

from __future__ import annotations

import json
import random
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from latimer.commands.improve import improve
from latimer.errors import InputError, LatimerError
from latimer.model.folder import load_critic
from latimer.recipe import load_recipe, override_recipe
from latimer.recipe.objectives import OBJECTIVES
from latimer.train.loop.dev_policy import DEV_FIGURES
from latimer.train.loop.divergence import Limits
from latimer.train.run.improvement import improvement
from latimer.train.run.run import train
from selection import few

FEW = ["training.warmup=0", "training.cooldown=0", "training.max_minutes=", "training.threads=1"]
FEW += ["training.precision=fp32", "training.validate_every=2", "training.batch_tokens=200"]
FEW += ["training.learning_rate=2e-4", "constraints.max_length=8"]
SMALL = [f"model.{part}=16" for part in ("embedding", "encoder_size", "attention_size", "readout")]
SMALL += ["model.decoder_size=24", "training.max_updates=12", "subwords.size=40"]


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
    settings = [*text(folder, "train", 200, 1), *text(folder, "dev", 10, 2), *FEW, *SMALL]
    return train(load_recipe("tiny", [*settings, "training.learning_rate=1e-2"]), folder / "run")


def short(updates: int, objective: str) -> list[str]:
    small = ["critic.size=8", "critic.embedding=8", "critic.pretraining=1"]
    settings = [*FEW, f"training.max_updates={updates}"]
    return [*settings, *small] if OBJECTIVES[objective].has_critic else settings


def improved(model: Path, run: Path, updates: int, objective: str, *more: str) -> dict[str, object]:
    overrides = [*short(updates, objective), *more]
    improve(model, run, objective=objective, overrides=overrides, quiet=True)
    newest = max((run / "state").iterdir())
    return dict(load_file(newest / "network.safetensors"))


@pytest.mark.parametrize(
    "objective",
    few([name for name in OBJECTIVES if name != "critic"], "likelihood", "ppo", "actor_critic"),
)
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


@pytest.mark.parametrize(
    "baseline", few(["none", "running_mean", "self_critical", "learned"], "running_mean", "learned")
)
def test_every_baseline_continues_exactly(model: Path, tmp_path: Path, baseline: str) -> None:
    chosen = f"objective.baseline={baseline}"
    straight = improved(model, tmp_path / "straight", 4, "reinforce", chosen)
    improved(model, tmp_path / "twice", 2, "reinforce", chosen)
    second = improved(model, tmp_path / "twice", 4, "reinforce", chosen)
    assert all(straight[name].equal(second[name]) for name in straight)  # type: ignore[attr-defined]


def reports(run: Path, kind: str) -> list[dict[str, Any]]:
    found = map(json.loads, (run / "log.jsonl").read_text().splitlines())
    return [line for line in found if line["kind"] == kind]


@pytest.mark.parametrize("objective", ["reinforce", "actor_critic"])
def test_figures_continue_exactly(model: Path, tmp_path: Path, objective: str) -> None:
    for name, updates in (("straight", 6), ("twice", 2), ("twice", 6)):
        tree = improvement(model, objective, 10.0, 1)
        recipe = override_recipe(tree, "recipe", {}, short(updates, objective))
        train(recipe, tmp_path / name, report_every=1)
    clock = ("seconds", "sentences_per_second", "seconds_left", "done")
    for kind, expected in (("update", 6), ("validation", 4)):
        straight, twice = (
            [
                {name: value for name, value in line.items() if name not in clock}
                for line in reports(tmp_path / name, kind)
            ]
            for name in ("straight", "twice")
        )
        assert len(straight) == expected
        assert straight == twice


def test_one_word_makes_a_critic_for_search_and_leaves_the_translator(
    model: Path, tmp_path: Path
) -> None:
    for name, updates in (("straight", 4), ("twice", 2), ("twice", 4)):
        improved(model, tmp_path / name, updates, "critic")
    folders = [tmp_path / name / "models" / "critic" for name in ("straight", "twice")]
    straight, twice = (load_critic(folder).network.state_dict() for folder in folders)
    assert all(straight[name].equal(twice[name]) for name in straight)
    assert straight["output.weight"].abs().max() > 0
    best = tmp_path / "twice" / "models" / "best"
    before, after = (load_file(folder / "weights.safetensors") for folder in (model, best))
    assert all(before[name].equal(after[name]) for name in before)


def test_validations_tell_what_became_of_the_policy(model: Path, tmp_path: Path) -> None:
    improved(model, tmp_path / "run", 4, "reinforce", "training.learning_rate=5e-3")
    first, *_, last = reports(tmp_path / "run", "validation")
    assert set(DEV_FIGURES) <= set(first)
    assert first["kl"] == pytest.approx(0, abs=1e-6)
    assert last["kl"] > 1e-4
    assert first["reward_gap"] == pytest.approx(first["reward_greedy"] - first["reward_sampled"])
    assert 0 < first["peak"] < first["top10"] <= 1
    (tmp_path / "run" / "start.safetensors").unlink()  # as in a run of an older version
    improved(model, tmp_path / "run", 6, "reinforce", "training.learning_rate=5e-3")
    older = reports(tmp_path / "run", "validation")[-1]
    assert "entropy" in older
    assert "kl" not in older


def test_a_run_that_collapses_is_given_up_and_the_best_model_is_kept(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("latimer.train.run.rhythm.Limits", partial(Limits, more_entropy=-100.0))
    for _ in range(2):  # the second time it does not go on
        with pytest.raises(
            LatimerError, match="was stopped: the policy is nearly random"
        ) as caught:
            improved(model, tmp_path / "run", 200, "reinforce")
        assert caught.value.exit_code == 1
        assert str(tmp_path / "run" / "models" / "best") in str(caught.value)
        assert (tmp_path / "run" / "models" / "best" / "weights.safetensors").is_file()
        assert reports(tmp_path / "run", "validation")[-1]["update"] == 0


def test_the_start_is_the_models_own_score(model: Path, tmp_path: Path) -> None:
    improved(model, tmp_path / "run", 2, "reinforce")
    lines = (tmp_path / "run" / "log.jsonl").read_text().splitlines()
    first = next(json.loads(line) for line in lines if '"validation"' in line)
    scores = json.loads((model / "config.json").read_bytes())["scores"]
    assert first["update"] == 0
    assert first["bleu"] == pytest.approx(scores["dev_bleu_greedy"])


def test_wrong_calls_get_one_line(model: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="choose one of likelihood"):
        improve(model, tmp_path / "run", objective="magic")
    with pytest.raises(InputError, match="no such model folder"):
        improve(tmp_path / "nothing", tmp_path / "run")
    (tmp_path / "earlier" / "models" / "best").mkdir(parents=True)
    with pytest.raises(InputError, match=r"here .*earlier.models.best$"):
        improve(tmp_path / "earlier", tmp_path / "run")
    with pytest.raises(InputError, match="set it to 2 or more"):
        improve(model, tmp_path / "run", overrides=["objective.samples=1"])
    with pytest.raises(InputError, match=r"other subwords than this run; set subwords\.model to"):
        improve(
            model, tmp_path / "run", overrides=["subwords.model=", "subwords.size=38"], quiet=True
        )
    with pytest.raises(InputError, match="another network"):
        improve(model, tmp_path / "run", overrides=["model.decoder_size=7"], quiet=True)


def test_reward_needs_a_model_to_start_from() -> None:
    settings = [
        f"data.{part}.{side}=x" for part in ("train", "dev") for side in ("source", "target")
    ]
    with pytest.raises(InputError, match="name its folder"):
        load_recipe("tiny", [*settings, "objective.kind=reinforce"])
