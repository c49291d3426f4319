"""Settings of learners as they are given."""

from dataclasses import asdict, fields

import pytest

from latimer.commands.key_values import read_key_values
from latimer.errors import InputError
from latimer.rl.deep import train
from latimer.rl.deep.ranges import KINDS, RANGES, settings_of
from latimer.rl.deep.settings import SETTINGS


@pytest.mark.parametrize("algorithm", SETTINGS)
def test_the_defaults_are_accepted_and_every_field_is_checked(algorithm):
    settings = SETTINGS[algorithm]()
    assert settings_of(algorithm, asdict(settings)) == settings
    free = {"entropy", "reward_scale"}
    for field in fields(settings):
        assert field.name in RANGES or field.name in free or KINDS[field.type].name[:4] == "true"
        for value in ("wide", {}, [], [1, "x"]):
            if field.name == "hidden" and value == []:
                continue
            with pytest.raises(InputError, match=f"{algorithm}: {field.name} cannot be"):
                settings_of(algorithm, {field.name: value})


@pytest.mark.parametrize(
    ("algorithm", "name", "value"),
    [
        ("ppo", "hidden", [64, 0]),
        ("ppo", "hidden", [64, 2.5]),
        ("ppo", "copies", 0),
        ("ppo", "copies", 2.0),
        ("ppo", "copies", True),
        ("ppo", "normalise_advantages", 1),
        ("ppo", "clip", 0),
        ("ppo", "actor_learning_rate", float("nan")),
        ("ppo", "max_gradient_norm", float("inf")),
        ("dqn", "target_period", 0),
        ("dqn", "exploration", 1.5),
        ("dqn", "epsilon", [1, 0.5, 0]),
        ("dqn", "epsilon", [2, 0.5]),
        ("dynamics", "elite", 1),
    ],
)
def test_values_out_of_range_are_named(algorithm, name, value):
    with pytest.raises(InputError, match=f"{algorithm}: {name} cannot be"):
        settings_of(algorithm, {name: value})


def test_what_is_typed_has_the_types_of_the_settings():
    words = ["actor_learning_rate=1e-3", "hidden=[32]", "clip=0.1", "anneal=false"]
    found = settings_of("ppo", read_key_values("--option", words))
    assert (found.actor_learning_rate, found.hidden) == (1e-3, (32,))
    assert (found.clip, found.anneal) == (0.1, False)


@pytest.mark.parametrize("name", ["clip", "epochs", "minibatches"])
def test_settings_of_ppo_are_none_of_a2c(name):
    settings_of("ppo", {name: 1})
    with pytest.raises(InputError, match=f"a2c has no setting '{name}'; there are: copies"):
        settings_of("a2c", {name: 1})


@pytest.mark.parametrize(
    ("algorithm", "settings", "message"),
    [
        ("dynamics", {"candidates": 10}, "elite 20 cannot be more than the 10 candidates"),
        ("ppo", {"minibatches": 200}, "256 steps, .* minibatches 200 of at least 2"),
        (
            "a2c",
            {"copies": 1, "horizon": 1, "normalise_advantages": True},
            "1 steps, .* minibatches 1 of at least 2",
        ),
    ],
)
def test_settings_that_exclude_each_other_are_named(algorithm, settings, message):
    with pytest.raises(InputError, match=message):
        train("CartPole-v1", algorithm, steps=10, settings=settings)


def test_no_copy_is_made_for_a_device_that_is_not_there(monkeypatch):
    monkeypatch.setattr("latimer.rl.deep.learn.VectorEnv", lambda *_: pytest.fail("it is made"))
    with pytest.raises(RuntimeError, match="abacus"):
        train("CartPole-v1", steps=10, device="abacus")
