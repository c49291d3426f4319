"""Each kind of objective has keys of its own; those of another kind are refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from latimer.errors import InputError
from latimer.recipe import Recipe, build_recipe, dump_recipe, load_recipe
from latimer.recipe.objectives import OBJECTIVES
from latimer.train.objectives.build import build_objective
from networks import build_from_keys
from tiny_model import tiny_vocabulary

DATA = {part: {"source": "a", "target": "b"} for part in ("train", "dev")}
SAMPLING = {"reward": "gleu", "samples": 7, "temperature": 0.7, "max_length": 9}
KEYS: dict[str, dict[str, Any]] = {
    "likelihood": {},
    "scheduled_sampling": {"teacher_forcing_min": 0.25, "teacher_forcing_updates": 7},
    "reinforce": {**SAMPLING, "baseline": "to_go", "likelihood": 0.1},
    "mixer": {**SAMPLING, "baseline": "to_go", "mixer_delta": 3, "mixer_delta_updates": 7},
    "minimum_risk": {**SAMPLING, "likelihood": 0.1, "sharpness": 0.01},
    "ppo": {**SAMPLING, "likelihood": 0.1, "clip": 0.3, "kl_weight": 0.1, "sync_every": 9},
    "actor_critic": {**SAMPLING, "likelihood": 0.1},
    "critic": SAMPLING,
}
"""Values other than the defaults of every key that a kind has."""
EVERY = {key: value for keys in KEYS.values() for key, value in keys.items()}


def recipe(kind: str, **keys: Any) -> Recipe:
    critic = {"reads": "source"} if kind == "critic" else {}
    return build_recipe({
        "data": DATA, "start": "model", "objective": {"kind": kind, **keys}, "critic": critic,
        "training": {"max_updates": 500},
    })  # fmt: skip


def test_every_kind_is_tested_here() -> None:
    assert set(KEYS) == set(OBJECTIVES)


@pytest.mark.parametrize("kind", OBJECTIVES)
def test_a_kind_has_its_keys_and_no_others(kind: str) -> None:
    for key, value in EVERY.items():
        if key in KEYS[kind]:
            assert getattr(recipe(kind, **{key: value}).objective, key) == value
            continue
        with pytest.raises(InputError) as refused:
            recipe(kind, **{key: value})
        having = ", ".join(other for other, keys in KEYS.items() if key in keys)
        assert str(refused.value).startswith(
            f"recipe: objective {kind} has no key {key}; it belongs to {having}. Valid keys of "
            f"objective {kind}: kind"
        )


class Watched:
    """Settings that remember which of their keys were read."""

    def __init__(self, settings: Any) -> None:
        self.settings, self.read = settings, set[str]()

    def __getattr__(self, key: str) -> Any:
        self.read.add(key)
        return getattr(self.settings, key)


@pytest.mark.parametrize("kind", OBJECTIVES)
def test_every_key_of_a_kind_is_read_when_it_is_built(kind: str) -> None:
    asked = recipe(kind)
    watched = Watched(asked.objective)
    vocabulary = tiny_vocabulary()
    network = build_from_keys(
        source_vocab=len(vocabulary.source), target_vocab=len(vocabulary.target), embedding=4,
        readout=4, encoder_size=4, decoder_size=4, attention_size=4,
    )  # fmt: skip
    told = asked.model_copy(update={"objective": watched})
    build_objective(told, network, vocabulary, torch.device("cpu"))
    assert watched.read - {"builder"} == set(KEYS[kind])


@pytest.mark.parametrize(
    ("section", "key"),
    [
        ("objective", "kl"),
        ("critic", "td_lamda"),
        ("training", "learning_rte"),
    ],
)
def test_an_unknown_key_is_refused_with_the_valid_ones(section: str, key: str) -> None:
    tree = {"data": DATA, "start": "model", "objective": {"kind": "ppo"}}
    tree[section] = {**tree.get(section, {}), key: 1}  # type: ignore[dict-item]
    with pytest.raises(InputError, match=rf"unknown key {section}\.{key}[.;].* Valid keys of "):
        build_recipe(tree)


def test_a_wrong_kind_is_refused_with_the_right_ones() -> None:
    with pytest.raises(InputError, match=r"objective\.kind is 'ppoo' \(did you mean ppo\?\); all"):
        recipe("ppoo")


def test_a_critic_is_described_for_those_who_train_one() -> None:
    for key, value in {"target": "sarsa", "size": 9, "rate": 2.0, "pretraining": 7}.items():
        tree = {"data": DATA, "start": "model", "critic": {key: value}}
        build_recipe({**tree, "objective": {"kind": "actor_critic"}})
        with pytest.raises(InputError, match=rf"critic\.{key}: objective reinforce trains no crit"):
            build_recipe({**tree, "objective": {"kind": "reinforce"}})


def test_lambda_is_for_lambda_returns() -> None:
    tree = {"data": DATA, "start": "model", "objective": {"kind": "actor_critic"}}
    build_recipe({**tree, "critic": {"td_lambda": 0.5, "target": "lambda_return"}})
    with pytest.raises(InputError, match=r"0\.5 is for critic\.target lambda_return, not expected"):
        build_recipe({**tree, "critic": {"td_lambda": 0.5}})


def test_the_recipes_own_key_is_for_the_phases_that_have_it(tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    text = (
        "data: {train: {source: a, target: b}, dev: {source: c, target: d}}\n"
        "objective: {clip: 0.3}\n"
        "phases:\n"
        "  likelihood: {training: {max_epochs: 2}}\n"
        "  rl: {objective: {kind: ppo}}\n"
    )
    path.write_text(text, encoding="utf-8")
    read = load_recipe(path)
    assert read.phases["rl"].objective.model_dump()["clip"] == 0.3
    path.write_text(dump_recipe(read), encoding="utf-8")
    assert load_recipe(path) == read
    path.write_text(text.replace("ppo", "reinforce"), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_recipe(path)
    assert str(caught.value) == (
        f"{path}, line 2: objective.clip: objective likelihood or reinforce has no key clip; "
        "it belongs to ppo"
    )
    path.write_text(text.replace("{clip: 0.3}", "{kind: ppoo}"), encoding="utf-8")
    with pytest.raises(InputError, match=r"objective\.kind is 'ppoo'"):
        load_recipe(path)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"--set phases\.rl\.objective\.sharpness.*ppo has no key"):
        load_recipe(path, ["phases.rl.objective.sharpness=0.01"])


def test_settings_need_no_pytorch() -> None:
    code = "import sys, latimer.recipe.objectives, latimer.cli; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
