"""The learning curve shows the points that it was given, on the axes that it names."""

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from hypothesis import given
from hypothesis import strategies as st

from latimer.errors import InputError, LatimerError
from latimer.plots.curves import Curves, Point, _line, followed_by, learning_curve, read_log
from latimer.train.loop.log import Report

CURVES = Curves(
    train_loss=[Point(0.5, 100, 6.0), Point(1.0, 200, 5.0), Point(2.0, 300, 4.5)],
    dev_loss=[Point(1.0, 200, 5.5), Point(2.0, 300, 5.2)],
    dev_bleu=[Point(1.0, 200, 7.0), Point(2.0, 300, 6.0)],
)


def lines(axes):
    return {line.get_label(): np.array(line.get_xydata()).tolist() for line in axes.get_lines()}


def test_panels_hold_the_points():
    losses, scores = learning_curve(CURVES).axes
    assert lines(losses) == {
        "training": [[0.5, 6.0], [1.0, 5.0], [2.0, 4.5]],
        "dev": [[1.0, 5.5], [2.0, 5.2]],
    }
    assert lines(scores) == {"dev BLEU": [[1.0, 7.0], [2.0, 6.0]]}
    assert scores.get_xlim() == (0, 2.0)


def test_best_score_is_marked_where_it_was_reached():
    _, scores = learning_curve(CURVES).axes
    [label] = scores.texts
    assert label.get_text() == "best 7.0"
    assert label.xy == (1.0, 7.0)


def test_upper_edge_counts_updates():
    figure = learning_curve(CURVES)
    figure.draw_without_rendering()
    [edge] = figure.axes[0].child_axes
    assert edge.get_xlabel() == "updates"
    assert edge.get_xlim() == pytest.approx((0, 300))


def test_title_is_no_formula():
    figure = learning_curve(CURVES, "costs $5 and $6")
    figure.draw_without_rendering()
    assert figure.get_suptitle() == "costs $5 and $6"


@pytest.mark.parametrize("minutes", [0.0, 3.0])
def test_a_single_report_is_drawn_as_a_dot(minutes):
    losses, scores = learning_curve(Curves(train_loss=[Point(minutes, 1, 9.0)])).axes
    [line] = losses.get_lines()
    assert line.get_marker() == "o"
    assert not scores.get_lines()


def test_nothing_to_draw_is_said():
    with pytest.raises(LatimerError, match="no reports"):
        learning_curve(Curves())


@given(st.lists(st.tuples(st.floats(0.01, 9), st.floats(0.5, 900)), min_size=1, max_size=8))
def test_time_and_updates_turn_into_each_other(steps):
    minutes, updates = np.cumsum([(0.0, 0.0), *steps], axis=0).T
    there, back = _line(minutes, updates), _line(updates, minutes)
    inside = np.linspace(0, minutes[-1], 11)
    assert np.allclose(back(there(inside)), inside)
    beyond = np.array([-1.0, minutes[-1] + 1.0])
    assert np.allclose(back(there(beyond)), beyond)
    assert np.allclose(there(minutes), updates)


def test_a_log_is_read_as_training_writes_it(tmp_path):
    reports = [
        Report("start", 0, 0, 0.0, message="begins"),
        Report("update", 10, 0, 30.0, {"loss": 6.5, "nll": 6.0, "tokens_per_second": 9.0}),
        Report("update", 20, 0, 60.0, {"loss": float("nan")}),
        Report("validation", 20, 1, 60.0, {"bleu": 3.5, "loss": 5.0, "best_bleu": 3.5}),
        Report("update", 30, 1, 90.0, {"loss": 4.0}),
    ]
    log = tmp_path / "log.jsonl"
    text = "".join(report.to_json() + "\n" for report in reports)
    log.write_text(text + '3\n{"kind": "upd', encoding="utf-8")
    assert read_log(log) == Curves(
        train_loss=[Point(0.5, 10, 6.0), Point(1.5, 30, 4.0)],
        dev_loss=[Point(1.0, 20, 5.0)],
        dev_bleu=[Point(1.0, 20, 3.5)],
    )


def test_a_missing_log_is_named(tmp_path):
    with pytest.raises(InputError, match=r"log\.jsonl"):
        read_log(tmp_path / "log.jsonl")


def test_a_run_that_went_on_stands_behind_the_first() -> None:
    first = Curves([Point(1.0, 10, 5.0)], [Point(2.0, 20, 4.0)], [Point(2.0, 20, 9.0)])
    then = Curves([], [Point(0.5, 3, 3.9)], [Point(0.0, 0, 9.0), Point(0.5, 3, 11.0)])
    curves = followed_by(first, then, "reward")
    assert curves.dev_bleu == [Point(2.0, 20, 9.0), Point(2.0, 20, 9.0), Point(2.5, 23, 11.0)]
    assert curves.dev_loss[-1] == Point(2.5, 23, 3.9)
    assert curves.borders == [(2.0, "reward")]
    figure = learning_curve(curves)
    assert [text.get_text() for text in figure.axes[1].texts][-1] == "reward"


def test_phases_are_bordered_and_losses_by_reward_left_out(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    lines = [
        {"kind": "update", "phase": "a", "update": 1, "seconds": 30, "nll": 4.0, "loss": 5.0},
        {"kind": "update", "phase": "b", "update": 2, "seconds": 60, "loss": -0.1, "reward": 0.2},
        {"kind": "validation", "phase": "b", "update": 2, "seconds": 60, "bleu": 7.0, "loss": 3.0},
    ]
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    curves = read_log(log)
    assert curves.train_loss == [Point(0.5, 1, 4.0)]
    assert curves.borders == [(1.0, "b")]
    assert curves.dev_loss == [Point(1.0, 2, 3.0)]
