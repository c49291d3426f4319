"""Phases in a recipe: what each takes from the rest of it, and which orders are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from latimer.errors import InputError
from latimer.recipe import Recipe, dump_recipe, load_recipe
from latimer.recipe.objectives import RewardSettings

DATA = "data: {train: {source: a, target: b}, dev: {source: c, target: d}}\n"
FIRST = "phases:\n  likelihood: {training: {max_epochs: 12}}\n"
CRITIC = "  critic: {objective: {kind: critic}, training: {max_updates: 300}}\n"
LAST = "  ac: {objective: {kind: actor_critic}, training: {max_updates: 900}}\n"


def read(folder: Path, text: str, *overrides: str) -> Recipe:
    path = folder / "my.yaml"
    path.write_text(DATA + text, encoding="utf-8")
    return load_recipe(path, overrides)


def reward(recipe: Recipe) -> str | None:
    objective = recipe.objective
    return objective.reward if isinstance(objective, RewardSettings) else None


def test_a_phase_takes_what_it_does_not_say_from_the_recipe(tmp_path: Path) -> None:
    general = "training: {clip: 3.0, warmup: 5}\nobjective: {reward: gleu}\ncritic: {size: 32}\n"
    recipe = read(
        tmp_path,
        general + FIRST + CRITIC + LAST,
        "phases.ac.training.warmup=7",
        "training.decay=0.9",
    )
    parts = recipe.by_phase()
    assert list(parts) == ["likelihood", "critic", "ac"]
    found = [
        (r.objective.kind, reward(r), r.training.clip, r.training.warmup, r.training.decay)
        for r in parts.values()
    ]
    assert found == [
        ("likelihood", None, 3.0, 5, 0.9),
        ("critic", "gleu", 3.0, 5, 0.9),
        ("actor_critic", "gleu", 3.0, 7, 0.9),
    ]
    assert [r.training.max_updates for r in parts.values()] == [None, 300, 900]
    assert {r.critic.size for r in parts.values()} == {32}
    assert not any(r.phases for r in parts.values())
    path = tmp_path / "again.yaml"
    path.write_text(dump_recipe(recipe), encoding="utf-8")
    assert load_recipe(path) == recipe
    assert list(load_recipe(path).phases) == list(parts)


def test_without_phases_a_run_is_one_part(tmp_path: Path) -> None:
    for text in ("", "phases:\n"):
        recipe = read(tmp_path, text)
        assert recipe.by_phase() == {"": recipe}


def test_a_critic_that_goes_on_is_not_trained_alone_again(tmp_path: Path) -> None:
    def pretraining(text: str) -> list[int]:
        return [r.critic.pretraining for r in read(tmp_path, text).by_phase().values()]

    told = LAST.replace("training", "critic: {pretraining: 4}, training")
    assert pretraining("critic: {pretraining: 70}\n" + FIRST + CRITIC + LAST) == [70, 70, 0]
    assert pretraining(FIRST + CRITIC + told) == [200, 200, 4]
    assert pretraining(FIRST + LAST) == [200, 200]


def test_limits_of_the_recipe_itself_need_not_make_sense_when_each_phase_has_its_own(
    tmp_path: Path,
) -> None:
    read(tmp_path, "training: {patience: null}\n" + FIRST)
    with pytest.raises(InputError, match=r"line 2: training\.patience: nothing ends"):
        read(tmp_path, "training: {patience: null, max_minutes: null}\n", "training.max_epochs=")


REINFORCE = "  rl: {objective: {kind: reinforce}}\n"

WRONG = [  # what follows the data, the line that is named (0: none), what is said
    ("phases:\n" + REINFORCE, 3, "phases.rl.objective.kind: reinforce improves a trained"),
    ("phases:\n" + LAST + FIRST[8:], 3, "phases.ac.objective.kind: actor_critic improves a"),
    (FIRST + CRITIC, 4, "phases.critic.objective.kind: nothing uses a critic of the last"),
    (FIRST + CRITIC + REINFORCE, 4, "the critic is not used in the next phase, rl (reinforce)"),
    (
        FIRST + CRITIC.replace(", training: {max_updates: 300}", "") + LAST, 0,
        "phases.critic.training.max_updates: patience does not end a phase that leaves",
    ),
    (
        FIRST + CRITIC + LAST.replace("training", "critic: {size: 7}, training"), 5,
        "phases.ac.critic.size: 7 differs from that of phase critic (256), whose critic is",
    ),
    ("objective: {kind: critic}\n", 2, "objective.kind: critic is for a phase before one of act"),
    (FIRST + "  a.b: {}\n", 4, "phases.a.b: phases are sections below one another"),
    ("phases: 3\n", 2, "phases: phases are sections below one another, `likelihood: {training"),
    ("phases: [{name: a}]\n", 2, "phases: phases are sections below one another"),
    ("phases: {a: 3}\n", 2, "phases.a is a section; write its keys below it, indented: object"),
    ("phases: {a: {model: 3}}\n", 2, "Valid keys of phases.a: objective, critic, training"),
    (
        "phases:\n  a:\n    training:\n      max_update: 3\n", 5,
        "unknown key phases.a.training.max_update; did you mean phases.a.training.max_updates?",
    ),
    ("phases: {a: {training: {max_updates: x}}}\n", 2, "phases.a.training.max_updates is 'x'; al"),
    ("phases: {a: {training: 5}}\n", 2, "phases.a.training is a section"),
    ("phases: {a: {training: {patience: null}}}\n", 2, "phases.a.training.patience: nothing ends"),
    (
        "phases: {a: {training: {warmup: 9, max_updates: 3}}}\n", 2,
        "phases.a.training.warmup: 9 updates of warm-up do not fit",
    ),
    (FIRST + "  rl: {objective: {kind: mixer, samples: 1}}\n", 4, "phases.rl.objective.samples"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "message"), WRONG)
def test_what_makes_no_sense_is_named_in_one_line(
    text: str, line: int, message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    said = str(caught.value)
    assert message in said
    assert "\n" not in said
    assert said.startswith(f"{tmp_path / 'my.yaml'}{f', line {line}' if line else ''}: ")


def test_a_critic_that_search_can_use_may_be_the_last_to_learn(tmp_path: Path) -> None:
    reads = "critic: {reads: source}\n"
    read(tmp_path, reads + FIRST + CRITIC)
    alone = reads + "start: model\nobjective: {kind: critic}\n"
    read(tmp_path, alone, "training.max_updates=5")
    with pytest.raises(InputError, match=r"training\.max_updates: patience does not end"):
        read(tmp_path, alone)
    with pytest.raises(InputError, match=r"start: objective\.kind critic improves a"):
        read(tmp_path, reads + "objective: {kind: critic}\n")


def test_reward_may_come_first_when_there_is_a_start(tmp_path: Path) -> None:
    recipe = read(tmp_path, "start: model\nphases:\n" + REINFORCE)
    assert recipe.by_phase()["rl"].start == Path("model")


def test_a_language_model_has_no_phases_of_reward(tmp_path: Path) -> None:
    model = "model: {kind: language_model, attention: none, tied: none}\n"
    with pytest.raises(InputError, match=r"phases\.rl\.objective\.kind: reinforce does not go"):
        read(tmp_path, model + FIRST + REINFORCE)


def test_an_override_in_a_phase_is_named(tmp_path: Path) -> None:
    said = r"^--set phases\.likelihood\.training\.clip=0: phases\.likelihood\.training\.clip is 0"
    with pytest.raises(InputError, match=said):
        read(tmp_path, FIRST, "phases.likelihood.training.clip=0")
