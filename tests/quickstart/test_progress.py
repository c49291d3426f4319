"""What is shown while training goes on."""

import io
import re

import pytest
from rich.console import Console

from latimer.quickstart.progress import BARS, TrainingDisplay, about, sparkline
from latimer.train.loop.log import Report

FIGURES = {"nll": 3.25, "tokens_per_second": 8123.4, "seconds_left": 300.0}
UPDATE = Report("update", 120, 2, 60.0, FIGURES)
VALIDATION = Report("validation", 100, 2, 50.0, {"bleu": 12.34, "loss": 4.5, "best_bleu": 12.34})


def console(terminal: bool = False) -> Console:
    return Console(file=io.StringIO(), width=120, force_terminal=terminal, color_system=None)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def block(display: TrainingDisplay) -> str:
    page = console()
    page.print(display.block())
    return page.file.getvalue()


def test_block_shows_time_speed_loss_and_score():
    clock = Clock()
    display = TrainingDisplay(console(), 360, clock)
    assert "getting ready" in block(display)
    display(VALIDATION)
    display(UPDATE)
    clock.now += 15
    shown = block(display)
    for fact in (
        "1:15", "4:45 left", "epoch 3", "update 120", "loss 3.25", "8,123 tokens/s",
        "dev BLEU 12.3",
    ):  # fmt: skip
        assert fact in shown


def test_block_shows_the_reward_where_there_is_one():
    display = TrainingDisplay(console(), 120)
    figures = {"loss": -0.02, "reward": 0.3125, "sentences_per_second": 81.4}
    display(Report("update", 7, 0, 3.0, figures))
    assert "update 7 · reward 0.312 · 81 sentences/s" in block(display)


def test_time_left_never_falls_below_nothing():
    clock = Clock()
    display = TrainingDisplay(console(), 60, clock)
    display(UPDATE)
    clock.now += 500
    assert "0:00 left" in block(display)
    assert "0:00 left" in block(display)


def test_every_validation_and_message_stays_as_a_line():
    page = console()
    display = TrainingDisplay(page, 360)
    with display:
        display(Report("start", 0, 0, 0.0, message="[so many] weights"))
        display(VALIDATION)
        display(UPDATE)
    lines = page.file.getvalue().splitlines()
    assert lines[0].strip() == "[so many] weights"
    assert re.fullmatch(r" +0:50 +update +100 +dev loss +4\.500 +dev BLEU +12\.3", lines[1])
    assert "this will take" in lines[2]
    assert len(lines) == 3  # no live block where nobody looks
    assert display.last == UPDATE


def test_the_live_block_is_gone_in_the_end():
    page = console(terminal=True)
    with TrainingDisplay(page, 360) as display:
        display(UPDATE)
        display._live.refresh()
        assert "8,123 tokens/s" in page.file.getvalue()
    assert page.file.getvalue().endswith("\x1b[2K")


@pytest.mark.parametrize(
    ("values", "bars"),
    [
        ([], ""),
        ([0.0, 0.0], BARS[0] * 2),
        ([0.0, 7.0], BARS[0] + BARS[7]),
        ([1.0, 2.0, 4.0, 7.0], BARS[1] + BARS[2] + BARS[4] + BARS[7]),
    ],
)
def test_sparkline_is_in_proportion(values, bars):
    assert sparkline(values) == bars


def test_sparkline_keeps_the_latest():
    assert sparkline([9.0, *[1.0] * 5], width=3) == BARS[7] * 3


def test_it_says_once_how_long_it_will_take():
    page = console()
    display = TrainingDisplay(page, 1080)
    display(UPDATE)
    display(Report("update", 130, 2, 61.0, {**FIGURES, "seconds_left": 900.0}))
    display(Report("validation", 140, 2, 62.0, VALIDATION.figures))
    told = page.file.getvalue()
    assert told.count("this will take about 6 minutes, 18:00 at most") == 1
    assert told.count("this will take") == 1
    assert "about 15 minutes left" in told


def test_translations_are_shown_as_they_come():
    page = console()
    samples = (("Open the window", "Öffne das Fenster"), ("Close", ""))
    TrainingDisplay(page, None)(Report("samples", 10, 0, 20.0, samples=samples))
    told = page.file.getvalue()
    assert re.search("Open the window +→ +Öffne das Fenster", told)
    assert re.search(r"Close +→ +\(nothing\)", told)


@pytest.mark.parametrize(
    ("seconds", "words"), [(3, "about 10 seconds"), (84, "about 80 seconds"), (400, "about 7 min")]
)
def test_times_in_words(seconds, words):
    assert about(seconds).startswith(words)


def test_how_much_of_the_machine_it_had_is_kept():
    display = TrainingDisplay(console(), None)
    display(Report("note", 9, 0, 9.0, {"cores": 0.7}, message="training had 0.7 of 2 cores"))
    assert display.machine == "training had 0.7 of 2 cores"
