"""The loop under a clock that slows down, speeds up and stops: the plan follows it to the end."""

import contextlib
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from latimer.train.loop.budget import Budget
from latimer.train.loop.clock_log import ClockLog
from latimer.train.loop.distributed import Group
from latimer.train.loop.loop import Hooks, Loop, LoopSettings, Rhythm, Timing
from latimer.train.loop.progress import Progress
from latimer.train.loop.schedule import LAST, Schedule
from latimer.train.loop.stopwatch import Stopwatch
from latimer.train.loop.tuner import Mode, Tuner
from latimer.train.loop.update import Step
from latimer.train.loop.validation import DevScores

PEAK, BATCHES = 0.25, 7


class Machine:
    """Updates and validations that take the next of some times; it keeps the rates."""

    def __init__(self, takes, validation=0.5):
        self.now, self.takes, self.validation = 50.0, takes, validation
        self.rates: list[float] = []
        self.modes: list[tuple[int, str]] = []
        self.workers = SimpleNamespace(use=lambda *mode: self.modes.append(mode))
        self.stop_after: int | None = None
        self.group = Group()

    def update(self, batch, number, rate, *, seconds, interrupted):
        if self.stop_after is not None and number > self.stop_after:
            raise KeyboardInterrupt
        self.rates.append(rate)
        for gap in self.takes[len(self.rates) % len(self.takes)]:
            self.now += gap
            self.watch.seconds()
        return Step(1.0, {"loss": 1.0}, {"network": 1.0}, False, seconds, False)

    def validate(self):
        self.now += self.validation
        return DevScores(1.0, 1.0)


class Epochs:
    def batches(self, epoch):
        return [torch.arange(2).numpy()] * BATCHES

    def collate(self, rows):
        return SimpleNamespace(tokens=10, to=lambda device: None)


def loop(machine, budget, *, progress=None, log=None, validate=20, cooldown=0.8):
    progress = progress or Progress()
    machine.watch = Stopwatch(progress.seconds, lambda: machine.now)
    nothing = SimpleNamespace(requested=False)
    return Loop(
        progress, Epochs(), machine,
        LoopSettings(Schedule(PEAK, warmup=3, cooldown=cooldown), budget, Rhythm(validate)),
        Hooks(machine.validate, str, lambda: None, lambda: None, str),
        nothing, Timing(machine.watch, Tuner([Mode(1, "fp32")], str), log),
    )  # fmt: skip


awake = st.floats(0.01, 20.0)
asleep = st.floats(31.0, 1e5)
update = st.lists(st.one_of(awake, awake, asleep), min_size=1, max_size=3)


@settings(max_examples=60, deadline=None)
@given(
    takes=st.lists(update, min_size=1, max_size=40),
    minutes=st.floats(0.1, 20.0),
    validation=st.floats(0.0, 25.0),
    cooldown=st.floats(0.05, 1.0, exclude_max=True),
)
def test_the_rate_is_at_its_floor_exactly_when_the_budget_ends(
    takes, minutes, validation, cooldown
):
    takes = [*takes, [0.5]]  # time that is counted passes now and then
    machine, budget = Machine(takes, validation), Budget(max_seconds=60 * minutes)
    driven = loop(machine, budget, cooldown=cooldown)
    assert "minutes are over" in driven.run()
    assert machine.rates[-1] == pytest.approx(LAST * PEAK * min(1, len(machine.rates) / 3))
    assert all(rate > machine.rates[-1] for rate in machine.rates[3:-1])
    # The budget is used, but for the validation at the end; an update may be begun within it.
    counted = driven.progress.seconds
    longest = max(sum(gap for gap in gaps if gap <= 30) for gaps in takes)
    reserve = min(validation, 30 * minutes)
    assert counted >= 60 * minutes - reserve - 1e-6
    assert counted <= 60 * minutes + 2 * longest + 2 * min(validation, 30) + 1e-6


@settings(max_examples=30, deadline=None)
@given(takes=st.lists(update, min_size=1, max_size=20), updates=st.integers(4, 60))
def test_so_it_is_when_updates_end_the_run(takes, updates):
    machine = Machine(takes)
    assert f"{updates} updates" in loop(machine, Budget(max_updates=updates)).run()
    assert len(machine.rates) == updates
    assert machine.rates[-1] == pytest.approx(LAST * PEAK)


def test_on_a_slow_machine_time_ends_a_run_of_so_many_updates():
    slow = Machine([[20.0]])
    assert "minutes" in loop(slow, Budget(max_seconds=600, max_updates=1000)).run()
    assert slow.rates[-1] == pytest.approx(LAST * PEAK)
    quick = Machine([[0.1]])
    assert "updates" in loop(quick, Budget(max_seconds=600, max_updates=1000)).run()
    assert len(quick.rates) == 1000


def test_speeding_up_is_used():
    """The first hundred seconds are slow; ten times the speed afterwards gives more updates."""
    takes = [[10.0]] * 10 + [[0.5]] * 10_000
    machine = Machine(takes)
    loop(machine, Budget(max_seconds=300)).run()
    assert len(machine.rates) > 300


@settings(max_examples=30, deadline=None)
@given(
    takes=st.lists(update, min_size=2, max_size=15),
    others=st.lists(update, min_size=2, max_size=15),
    saved=st.integers(0, 30),
    stop=st.integers(1, 60),
)
def test_what_the_clock_decided_is_repeated_and_then_it_decides_again(
    tmp_path_factory, takes, others, saved, stop
):
    """Killed after some updates, it goes on from an earlier state on a machine of other speed."""
    folder, budget = tmp_path_factory.mktemp("run"), Budget(max_seconds=400)
    takes, others = [*takes, [1.0]], [*others, [1.0]]
    saved = min(saved, stop)
    first, log = Machine(takes), ClockLog(folder)
    first.stop_after = saved
    driven = loop(first, budget, log=log)
    with contextlib.suppress(KeyboardInterrupt):  # the state of this moment is what is left
        driven.run()
    if driven.progress.timed_out:
        return  # it was over before that
    state = driven.progress.to_json()
    first.stop_after = stop
    went_on = loop(first, budget, progress=Progress.from_json(state), log=log)
    ended = False
    try:
        went_on.run()
        ended = True
    except KeyboardInterrupt:
        pass
    log.close()
    second = Machine(others)
    again = loop(second, budget, progress=Progress.from_json(state), log=ClockLog(folder))
    again.run()
    repeated = first.rates[saved:]
    assert second.rates[: len(repeated)] == repeated
    if ended:
        assert len(second.rates) == len(repeated)
        assert again.progress.seconds == went_on.progress.seconds
    assert second.rates[-1] == pytest.approx(LAST * PEAK * min(1, (saved + len(second.rates)) / 3))
