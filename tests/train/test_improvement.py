import json

import pytest

from latimer.errors import InputError
from latimer.model.config import FORMAT
from latimer.recipe import build_recipe
from latimer.train.run.improvement import default_rate, improvement

CONFIG = {
    "format": FORMAT,
    "engine": "neural",
    "kind": "translator",
    "vocabulary": {
        "kind": "bpe", "joint": True, "placeholders": True, "source_size": 40, "target_size": 40,
    },
    "data": {
        "train": {"source": "a", "target": "b", "pairs": 3}, "dev": {"source": "c", "target": "d"},
    },
    "languages": {"source": "en", "target": "de"},
    "network": {"cell": "gru"},
}  # fmt: skip


def test_languages_text_and_subwords_are_the_models(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    tree = improvement(tmp_path, "reinforce", 1.0, 1)
    assert tree["data"]["source_language"] == "en"
    assert tree["data"]["train"] == {"source": "a", "target": "b"}
    assert (tree["subwords"]["size"], tree["subwords"]["model"]) == (40, str(tmp_path))


def test_a_model_of_unknown_text_is_explained(tmp_path):
    known = {"dev": CONFIG["data"]["dev"]}
    (tmp_path / "config.json").write_text(json.dumps({**CONFIG, "data": known}))
    with pytest.raises(InputError, match=r"config\.json: data\.train is missing, so its text"):
        improvement(tmp_path, "reinforce", 1.0, 1)


def test_a_critic_is_not_improved(tmp_path):
    critic = {**CONFIG, "kind": "critic", "reads": "source"}
    (tmp_path / "config.json").write_text(json.dumps(critic))
    with pytest.raises(InputError, match="a critic, but a translator is needed"):
        improvement(tmp_path, "reinforce", 1.0, 1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"likelihood": 0.5},
            "objective mixer has no key likelihood; it belongs to reinf",
        ),
        ({"baseline": "self_critical"}, "objective.baseline: self_critical does not go with mixer"),
    ],
)
def test_what_mixer_cannot_use_is_refused(tmp_path, settings, message):
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    tree = improvement(tmp_path, "mixer", 1.0, 1)
    tree["objective"] |= settings
    with pytest.raises(InputError) as refused:
        build_recipe(tree)
    assert message in str(refused.value)


@pytest.mark.parametrize("objective", ["reinforce", "minimum_risk", "ppo", "actor_critic"])
def test_what_is_drawn_is_drawn_warmly_and_the_critic_is_not_alone_for_long(tmp_path, objective):
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    recipe = build_recipe(improvement(tmp_path, objective, 1.0, 1))
    assert recipe.objective.temperature == 0.5
    assert recipe.training.extrapolation == 1.5
    assert recipe.critic.pretraining <= 50 or objective != "actor_critic"


def test_the_rate_times_the_root_of_the_time_stays_the_same_from_five_minutes_on():
    assert [default_rate(minutes) for minutes in (0.01, 2, 5)] == [2e-4] * 3
    for minutes in (7, 10, 40, 600):
        assert default_rate(minutes) * minutes**0.5 == pytest.approx(2e-4 * 5**0.5, rel=0.02)


def test_a_run_that_is_given_more_minutes_keeps_its_rate(tmp_path):
    model, run = tmp_path / "model", tmp_path / "run"
    for folder in (model, run):
        folder.mkdir()
    (model / "config.json").write_text(json.dumps(CONFIG))

    def rate(minutes):
        return improvement(model, "reinforce", minutes, 1, run)["training"]["learning_rate"]

    assert rate(20.0) == 1e-4
    for text in ("training: [", "training: {learning_rate: fast}", "- 1", "training: 3"):
        (run / "recipe.yaml").write_text(text)
        assert rate(20.0) == 1e-4
    (run / "recipe.yaml").write_text("training: {learning_rate: 0.003}")
    assert rate(20.0) == 0.003
