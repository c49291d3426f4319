"""Training time with a clock that jumps, stands still and goes backwards."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latimer.train.loop import stopwatch
from latimer.train.loop.stopwatch import LONGEST, Stopwatch


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@given(st.lists(st.floats(-1e6, 1e6), max_size=30))
def test_only_gaps_in_which_the_machine_was_awake_count(gaps):
    clock = Clock()
    watch, expected = Stopwatch(7.0, clock), 7.0
    for gap in gaps:
        before, clock.now = clock.now, clock.now + gap
        gap = clock.now - before
        expected += gap if 0 <= gap <= LONGEST else 0.0
        assert watch.seconds() == pytest.approx(expected)


def test_an_hour_of_sleep_is_not_counted():
    clock = Clock()
    watch = Stopwatch(0.0, clock)
    for gap in (2.0, 3600.0, 3.0):
        clock.now += gap
        watch.seconds()
    assert watch.seconds() == 5


def test_it_goes_on_from_where_it_is_told():
    clock = Clock()
    watch = Stopwatch(0.0, clock)
    clock.now += 20
    watch.reset(3.5)
    clock.now += 1
    assert watch.seconds() == 4.5


def test_it_looks_by_itself_so_that_long_work_is_not_taken_for_sleep(monkeypatch):
    """Work of 100 s in which the clock is looked at every 10 s."""
    monkeypatch.setattr(stopwatch, "EVERY", 0.001)
    clock, looks = Clock(), threading.Semaphore(0)

    def now() -> float:
        looks.release()
        return clock.now

    with Stopwatch(0.0, now) as watch:
        for _ in range(10):
            clock.now += 10
            for _ in range(2):  # one look may have been on its way
                while looks.acquire(blocking=False):
                    pass
                assert looks.acquire(timeout=10)
        assert watch.seconds() == 100
