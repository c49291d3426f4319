"""A recipe with a key of an earlier version is refused with the key's new name."""

from __future__ import annotations

from pathlib import Path

import pytest

from latimer.errors import InputError
from latimer.recipe import build_recipe, load_recipe
from latimer.recipe.help import keys
from latimer.recipe.renamed import RENAMED
from latimer.train.checkpoint.resume_check import check_same_run


@pytest.mark.parametrize(("old", "new"), RENAMED.items())
def test_every_old_key_names_a_key_that_there_is(old: str, new: str) -> None:
    known = {key for key, _ in keys()}
    assert new in known
    assert old not in known
    section, _, key = old.partition(".")
    with pytest.raises(InputError) as refused:
        build_recipe({section: {key: 1}})
    assert str(refused.value) == f"recipe: {old} is now {new}"


def test_file_and_line_are_named(tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    path.write_text("seed: 5\ntraining:\n  warmup: 7\n  reach: 1.5\n", encoding="utf-8")
    with pytest.raises(InputError) as refused:
        load_recipe(path)
    assert str(refused.value) == f"{path}, line 4: training.reach is now training.extrapolation"


def test_an_override_is_named() -> None:
    with pytest.raises(InputError) as refused:
        load_recipe("small", ["critic.trace=0.5"])
    assert str(refused.value) == "--set critic.trace=0.5: critic.trace is now critic.td_lambda"


def test_phases_are_looked_into(tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    path.write_text("phases:\n  first:\n    objective:\n      leash: 0.1\n", encoding="utf-8")
    with pytest.raises(InputError) as refused:
        load_recipe(path)
    assert str(refused.value) == (
        f"{path}, line 4: phases.first.objective.leash is now phases.first.objective.kl_weight"
    )


def test_a_run_of_an_earlier_version_is_refused_in_one_line(tmp_path: Path) -> None:
    begun = {"training": {"reach": 1.0}}
    with pytest.raises(InputError) as refused:
        check_same_run({}, begun, tmp_path)
    assert str(refused.value) == (
        f"{tmp_path}: its recipe: training.reach is now training.extrapolation"
    )
