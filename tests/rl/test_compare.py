"""Planners side by side, and finding the problem that a name stands for."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from random_mdps import exact_values, random_mdp

from latimer.errors import InputError
from latimer.rl import GridWorld
from latimer.rl.environments import Environment, find_environment
from latimer.rl.planning.compare import PLANNERS, compare, plan


def test_every_planner_is_compared_and_right():
    mdp = random_mdp(4, 20, 3, 0.95, 0.3)
    trials = compare(mdp, accuracy=1e-5)
    assert [trial.method for trial in trials] == list(PLANNERS)
    truth = exact_values(mdp)
    for trial in trials:
        assert trial.solution.converged
        assert trial.error <= 2e-5
        assert np.abs(trial.solution.values - truth).max() <= 1e-5
        assert trial.solution.backups >= trial.solution.iterations
    by_name = {trial.method: trial.solution for trial in trials}
    jacobi, seidel = by_name["value-iteration"], by_name["gauss-seidel"]
    assert seidel.iterations < jacobi.iterations
    assert by_name["policy-iteration"].iterations < seidel.iterations


def test_a_limit_is_told_in_the_solution_alone():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trial = plan(random_mdp(4, 20, 3, 0.95, 0.3), "value-iteration", 1e-9, max_iterations=2)
    assert not trial.solution.converged
    assert trial.solution.iterations == 2


def test_unknown_methods_are_named():
    with pytest.raises(InputError, match="valid choices: value-iteration, gauss-seidel"):
        plan(random_mdp(0, 2, 1, 0.5, 0.0), "magic")


def test_names_find_files_worlds_and_environments(tmp_path):
    file = tmp_path / "small.txt"
    file.write_text("discount: 0.5\n\nS.G\n", encoding="utf-8")
    assert find_environment(str(file)).mdp().discount == 0.5
    assert find_environment(str(file)).mdp(0.9).discount == 0.9
    assert isinstance(find_environment("cliff").world, GridWorld)
    lake = find_environment("FrozenLake-v1", {"is_slippery": False})
    mdp = lake.mdp()
    assert mdp.discount == 0.99
    assert mdp.continuation.data.tolist() == [1.0] * len(mdp.continuation.data)


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("missing.txt", {}, "missing.txt: no such file"),
        ("./missing", {}, "no such file"),
        ("Moon-v0", {}, "Moon-v0 is no file, no Gymnasium environment .*sutton-3.5"),
        ("CartPole-v1", {}, "CartPole-v1: planning needs finitely many states"),
        ("Blackjack-v1", {}, "Blackjack-v1: planning needs finitely many states"),
        ("FrozenLake-v1", {"gravity": 1}, "FrozenLake-v1 refuses its settings"),
        ("FrozenLake-v1", {"map_name": "7x7"}, "FrozenLake-v1 refuses its settings"),
        ("cliff", {"gravity": 1}, "settings are for Gymnasium"),
    ],
)
def test_what_cannot_be_planned_on_is_named(name, settings, message):
    with pytest.raises(InputError, match=message):
        find_environment(name, settings).mdp()


def test_environments_without_a_table_are_named():
    import gymnasium

    class Opaque(gymnasium.Env):
        observation_space = action_space = gymnasium.spaces.Discrete(2)

    with pytest.raises(InputError, match="opaque: planning needs its transitions, and it shows no"):
        Environment("opaque", Opaque()).mdp(0.9)
