"""Settings of learners as they are given."""

from dataclasses import asdict, fields

import pytest

from latimer.commands.plan import read_settings
from latimer.errors import InputError
from latimer.rl.deep import ALGORITHMS, train
from latimer.rl.deep.overrides import KINDS, RANGES, overridden


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_defaults_are_accepted_and_every_field_is_checked(algorithm):
    settings = ALGORITHMS[algorithm][1]
    assert overridden(algorithm, settings, asdict(settings)) == settings
    free = {"entropy", "reward_scale"}
    for field in fields(settings):
        assert field.name in RANGES or field.name in free or KINDS[field.type].name[:4] == "true"
        for value in ("wide", {}, [], [1, "x"]):
            if field.name == "hidden" and value == []:
                continue
            with pytest.raises(InputError, match=f"{algorithm}: {field.name} cannot be"):
                overridden(algorithm, settings, {field.name: value})


@pytest.mark.parametrize(
    ("algorithm", "name", "value"),
    [
        ("ppo", "hidden", [64, 0]),
        ("ppo", "hidden", [64, 2.5]),
        ("ppo", "copies", 0),
        ("ppo", "copies", 2.0),
        ("ppo", "copies", True),
        ("ppo", "normalise", 1),
        ("ppo", "clip", 0),
        ("ppo", "actor_rate", float("nan")),
        ("ppo", "norm", float("inf")),
        ("dqn", "refresh", 0),
        ("dqn", "explore", 1.5),
        ("dqn", "epsilon", [1, 0.5, 0]),
        ("dqn", "epsilon", [2, 0.5]),
        ("dynamics", "elite", 1),
    ],
)
def test_values_out_of_range_are_named(algorithm, name, value):
    with pytest.raises(InputError, match=f"{algorithm}: {name} cannot be"):
        overridden(algorithm, ALGORITHMS[algorithm][1], {name: value})


def test_what_is_typed_has_the_types_of_the_settings():
    typed = read_settings(["actor_rate=1e-3", "hidden=[32]", "clip=null", "anneal=false"])
    found = overridden("ppo", ALGORITHMS["ppo"][1], typed)
    assert (found.actor_rate, found.hidden, found.clip, found.anneal) == (1e-3, [32], None, False)


@pytest.mark.parametrize(
    ("algorithm", "overrides", "message"),
    [
        ("dynamics", {"candidates": 10}, "elite 20 cannot be more than the 10 candidates"),
        ("ppo", {"minibatches": 200}, "256 steps, .* minibatches 200 of at least 2"),
        ("a2c", {"copies": 1, "horizon": 2, "minibatches": 3}, "minibatches 3 of at least 1"),
    ],
)
def test_settings_that_exclude_each_other_are_named(algorithm, overrides, message):
    with pytest.raises(InputError, match=message):
        train("CartPole-v1", algorithm, steps=10, overrides=overrides)


def test_no_world_is_made_for_a_device_that_is_not_there(monkeypatch):
    monkeypatch.setattr("latimer.rl.deep.learn.Worlds", lambda *_: pytest.fail("a world is made"))
    with pytest.raises(RuntimeError, match="abacus"):
        train("CartPole-v1", steps=10, device="abacus")
