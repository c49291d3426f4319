"""Keys that nothing in a run reads: refused, and those that are read are not."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest

from latimer.errors import InputError
from latimer.nn.build import build_seq2seq
from latimer.recipe import Recipe, build_recipe, load_recipe
from latimer.recipe.objective import CriticSection, ObjectiveSection
from latimer.recipe.unread import DRAWING, READ_BY
from latimer.train.objectives.build import OBJECTIVES
from latimer.train.objectives.trajectories import Draw

DATA = {part: {"source": "a", "target": "b"} for part in ("train", "dev")}
KINDS = get_args(ObjectiveSection.model_fields["kind"].annotation)
CHANGED: dict[str, Any] = {
    "reward": "gleu", "samples": 7, "temperature": 0.7, "max_length": 9, "baseline": "to_go",
    "likelihood": 0.1, "sharpness": 0.01, "clip": 0.3, "leash": 0.1, "refresh": 9,
    "border_step": 3, "border_updates": 7, "truth": 0.25, "truth_updates": 7,
}  # fmt: skip


def recipe(kind: str, **keys: Any) -> Recipe:
    critic = {"reads": "source"} if kind == "critic" else {}
    return build_recipe({
        "data": DATA, "start": "model", "objective": {"kind": kind, **keys}, "critic": critic,
        "training": {"max_updates": 500},
    })  # fmt: skip


class Watched:
    """A section that remembers which of its keys were read."""

    def __init__(self, section: Any) -> None:
        self.section, self.read = section, set[str]()

    def __getattr__(self, key: str) -> Any:
        self.read.add(key)
        return getattr(self.section, key)


@pytest.mark.parametrize("kind", KINDS)
def test_the_keys_of_an_objective_are_those_that_it_is_built_from(kind: str) -> None:
    asked = recipe(kind)
    watched = Watched(asked.objective)
    told = asked.model_copy(update={"objective": watched})
    network = build_seq2seq(
        source_vocab=9, target_vocab=9, embedding=4, readout=4, encoder_size=4, decoder_size=4,
        attention_size=4,
    )  # fmt: skip
    OBJECTIVES[kind](told, network, Draw(lambda *_: None, 5, 1.0, None))  # type: ignore[arg-type]
    of_all = {"reward", "samples", "temperature", "max_length"}  # what a Draw is made of
    assert watched.read == {key for key in READ_BY if kind in READ_BY[key]} - of_all


@pytest.mark.parametrize("kind", KINDS)
def test_a_changed_key_is_refused_by_the_objectives_that_do_not_read_it(kind: str) -> None:
    assert set(CHANGED) == set(READ_BY) == {*ObjectiveSection.model_fields} - {"kind"}
    for key, value in CHANGED.items():
        if kind in READ_BY[key]:
            recipe(kind, **{key: value})
        elif (kind, key) != ("mixer", "likelihood"):  # refused for a reason of its own
            with pytest.raises(InputError) as caught:
                recipe(kind, **{key: value})
            said = str(caught.value)
            assert said.startswith(f"recipe: objective.{key}: {value} is for objective ")
            assert said.endswith(f", and there is {kind}; leave it out")


def test_a_critic_is_described_for_those_who_have_one() -> None:
    for key, value in {"target": "sarsa", "size": 9, "rate": 2.0, "pretraining": 7}.items():
        assert key in CriticSection.model_fields
        tree = {"data": DATA, "start": "model", "critic": {key: value}}
        build_recipe({**tree, "objective": {"kind": "actor_critic"}})
        with pytest.raises(InputError, match=rf"critic\.{key}: {value} is for objective critic or"):
            build_recipe({**tree, "objective": {"kind": "reinforce"}})


def test_lambda_is_for_lambda_returns() -> None:
    tree = {"data": DATA, "start": "model", "objective": {"kind": "actor_critic"}}
    build_recipe({**tree, "critic": {"trace": 0.5, "target": "lambda_return"}})
    with pytest.raises(InputError, match=r"0\.5 is for critic\.target lambda_return, and there is"):
        build_recipe({**tree, "critic": {"trace": 0.5}})


def test_one_phase_that_reads_a_key_is_enough(tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    text = (
        "data: {train: {source: a, target: b}, dev: {source: c, target: d}}\n"
        "objective: {clip: 0.3}\n"
        "phases:\n"
        "  likelihood: {training: {max_epochs: 2}}\n"
        "  rl: {objective: {kind: ppo}}\n"
    )
    path.write_text(text, encoding="utf-8")
    assert load_recipe(path).phases["rl"].objective.clip == 0.3
    path.write_text(text.replace("ppo", "reinforce"), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_recipe(path)
    assert str(caught.value) == (
        f"{path}, line 2: objective.clip: 0.3 is for objective ppo, and there is likelihood, "
        "reinforce; leave it out"
    )
    with pytest.raises(InputError, match=r"phases\.rl\.objective\.sharpness: 0\.01 is for object"):
        load_recipe(path, ["objective.clip=0.2", "phases.rl.objective.sharpness=0.01"])


def test_the_objectives_that_draw_are_all_but_those_of_references() -> None:
    assert {*DRAWING} == {*KINDS} - {"likelihood", "scheduled_sampling"}
