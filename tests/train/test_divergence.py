"""Runs that diverge are stopped with the figure that is out of its limits; others are not."""

from __future__ import annotations

import pytest

from latimer.train.loop.divergence import Limits
from latimer.train.loop.progress import RECENT, Progress

START = {"bleu": 30.0, "length_ratio": 1.0, "entropy": 1.2, "kl": 0.0}


def reason(latest: dict[str, float], begun: dict[str, float] = START) -> str | None:
    progress = Progress()
    for figures in (begun, {**begun, **latest}):
        progress.record_validation(figures["bleu"], 1.0, 3)
        progress.record_figures(figures)
    return Limits().reason(progress)


@pytest.mark.parametrize(
    ("latest", "figure", "change"),
    [
        ({"bleu": 20.9}, "from 30.0 to 20.9", "training.learning_rate"),
        ({"length_ratio": 1.51}, "length_ratio on dev was 1.00 and is 1.51", "objective.reward"),
        ({"length_ratio": 0.49}, "length_ratio on dev was 1.00 and is 0.49", "likelihood"),
        ({"entropy": 0.009}, "entropy on dev was 1.2 nats an action and is 0.009", "temperature"),
        ({"entropy": 3.21}, "entropy on dev was 1.2 nats an action and is 3.21", "learning_rate"),
        ({"kl": 2.01, "bleu": 29.0}, "kl on dev is 2.01 nats", "objective.kl_weight"),
    ],
)
def test_the_figure_that_went_wrong_and_what_to_change_are_named(
    latest: dict[str, float], figure: str, change: str
) -> None:
    said = reason(latest)
    assert said is not None
    assert figure in said
    assert change in said
    assert "the best model is kept" in said


@pytest.mark.parametrize(
    "latest",
    [
        {"bleu": 21.0},
        {"length_ratio": 1.5},
        {"length_ratio": 0.5},
        {"entropy": 0.01},
        {"entropy": 3.2},
        {"kl": 2.0, "bleu": 29.0},
        {"kl": 9.0, "bleu": 31.0},
    ],
)
def test_within_the_limits_a_run_goes_on(latest: dict[str, float]) -> None:
    assert reason(latest) is None


@pytest.mark.parametrize(
    ("name", "value"), [("length_ratio", 1.7), ("length_ratio", 0.3), ("entropy", 0.001)]
)
def test_a_run_that_begins_beyond_a_limit_is_not_judged_by_it(name: str, value: float) -> None:
    assert reason({}, {**START, name: value}) is None


def test_without_figures_nothing_is_concluded() -> None:
    assert reason({}, {"bleu": 30.0}) is None


def test_of_a_model_that_knows_nothing_yet_a_fall_says_little() -> None:
    assert reason({"kl": 9.0, "bleu": 0.0}, {**START, "bleu": 4.9}) is None


def critic(values: list[float], update: int, pretraining: int) -> str | None:
    progress = Progress(update=update)
    for value in values:
        progress.record_update({"explained_variance": value})
    return Limits(pretraining=pretraining).reason(progress)


def test_a_critic_that_misleads_for_long_ends_the_run() -> None:
    bad = [9.0, *[-0.51] * RECENT]  # the first is forgotten
    said = critic(bad, update=300, pretraining=200)
    assert said is not None
    assert "explained_variance was -0.51" in said
    assert "critic.pretraining" in said
    assert critic(bad, update=299, pretraining=200) is None
    assert critic(bad[: RECENT - 1], update=300, pretraining=200) is None
    assert critic([-0.49] * RECENT, update=300, pretraining=200) is None
