"""Every option of `plan` and `learn` is read by the chosen algorithm, or refused."""

from dataclasses import MISSING, fields
from inspect import signature
from itertools import product

import pytest
from command import complaint, latimer

pytest.importorskip("gymnasium")

from latimer.commands.learn import learn
from latimer.commands.plan import plan
from latimer.commands.unread_options import flag
from latimer.rl.deep.settings import SETTINGS, Training
from latimer.rl.planning.compare import PLANNERS
from latimer.rl.tabular import ALGORITHMS
from latimer.rl.tabular.learn import Runs

ALWAYS = {"env", "algorithm", "settings", "seed", "discount", "picture", "save", "json"}
"""Of `learn`: what says where and how is learned, and what becomes of it."""
VALUES = {
    "alpha": "0.2",
    "epsilon": "0.2",
    "traces": "dutch",
    "device": "cpu",
    "options": "hidden=[4]",
}
OWN = {name: {field.name for field in fields(entry.settings)} for name, entry in ALGORITHMS.items()}


def read_by(algorithm):
    """Independently of the command: fields of the classes that hold what is read."""
    if algorithm in SETTINGS:
        return {field.name for field in fields(Training)} | {"runs", "options"}
    return {field.name for field in fields(Runs)} | OWN[algorithm]


OPTIONS = sorted(set(signature(learn).parameters) - ALWAYS)
UNREAD = [
    (algorithm, option)
    for algorithm, option in product([*ALGORITHMS, *SETTINGS], OPTIONS)
    if option not in read_by(algorithm)
]


@pytest.mark.parametrize(("algorithm", "option"), UNREAD)
def test_what_an_algorithm_does_not_read_is_refused(algorithm, option):
    run = latimer("learn", "cliff", "--algorithm", algorithm, flag(option), VALUES.get(option, "1"))
    assert f"{algorithm} does not read {flag(option)}" in complaint(run, 2)


def test_every_option_is_read_by_some_algorithm_and_refused_by_another():
    refused = {option for _, option in UNREAD}
    read = {option for name in [*ALGORITHMS, *SETTINGS] for option in read_by(name)}
    assert set(OPTIONS) <= read
    assert refused == set(OPTIONS) - {"limit", "runs"}
    known = {("certainty-equivalence", "alpha"), ("ppo", "episodes"), ("sarsa", "steps")}
    assert known <= set(UNREAD)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_option_that_a_table_reads_changes_what_is_learned(algorithm):
    from latimer.rl import GridWorld
    from latimer.rl.tabular import learn as learn_table

    values = {
        "alpha": 0.2, "epsilon": 0.3, "initial": 1.5, "decay": 0.3, "traces": "accumulating",
        "planning": 2, "by_visits": True,
    }  # fmt: skip
    world = GridWorld.textbook("sutton-4.1")
    usual = {"episodes": 8, "discount": 0.9, "seed": 3, "limit": 50}
    plain = learn_table(world, algorithm, **usual).q.tolist()
    for option in OWN[algorithm]:
        assert (
            learn_table(world, algorithm, **usual, **{option: values[option]}).q.tolist() != plain
        )


def test_help_says_the_defaults_of_the_classes():
    kinds = [Runs, Training, *(entry.settings for entry in ALGORITHMS.values())]
    defaults = {field.name: field.default for kind in kinds for field in fields(kind)}
    for name, parameter in signature(learn, eval_str=True).parameters.items():
        default = defaults.get(name, MISSING)
        if name in ("seed", "runs", "limit") or default is MISSING:
            continue
        text = parameter.annotation.__metadata__[0].help
        shown = f"{default:g}" if isinstance(default, float) else str(default)
        assert text.endswith(f"[default: {shown}]"), name


PLAN_OPTIONS = {
    "method": "prioritised", "compare": None, "accuracy": "0.1", "horizon": "3",
    "max_iterations": "9000", "picture": "a.png", "save": "a.npz",
}  # fmt: skip


@pytest.mark.parametrize("how", ["--horizon", "--compare"])
@pytest.mark.parametrize("option", PLAN_OPTIONS)
def test_plan_refuses_what_it_does_not_read(how, option):
    own = {"--horizon": {"horizon"}, "--compare": {"compare", "accuracy", "max_iterations"}}
    words = {flag(option): PLAN_OPTIONS[option], how: {"--horizon": "3", "--compare": None}[how]}
    run = latimer("plan", "cliff", *(w for pair in words.items() for w in pair if w is not None))
    if option in own[how]:
        assert run.returncode == 0, run.stderr
    else:
        line = complaint(run, 2)
        assert "does not read --" in line
        assert "--horizon" in line or flag(option) in line


def test_the_options_of_plan_are_all_tested():
    assert set(signature(plan).parameters) - {"env", "discount", "settings", "json"} == set(
        PLAN_OPTIONS
    )
    assert len(PLANNERS) == 5
