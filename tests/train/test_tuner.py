"""The choice of threads and precision on invented machines."""

import random
from statistics import median

import pytest

from latimer.train.loop.tuner import PAUSE, ROUNDS, WINDOW, Mode, Tuner

ONE, TWO, BF16 = Mode(1, "fp32"), Mode(2, "fp32"), Mode(2, "bf16")
MODES = [TWO, ONE, BF16]


def run(tuner, machine, updates, tokens=1000, chance=None):
    """Seconds of each update, on a machine that takes so long a token in each mode."""
    spent = []
    for _ in range(updates):
        noise = chance.choice([1, 1, 1, 1, 8]) if chance else 1
        seconds = machine[tuner.next()] * tokens * noise
        tuner.took(seconds, tokens)
        spent.append(seconds)
    return spent


def test_every_mode_makes_updates_in_turn():
    tuner = Tuner(MODES, lambda text: None)
    made = []
    for _ in range(ROUNDS * 3):
        made.append(tuner.next())
        tuner.took(1.0, 100)
    assert made == MODES * ROUNDS


@pytest.mark.parametrize("best", MODES)
def test_the_fastest_is_taken_and_its_figures_are_told(best):
    told = []
    tuner = Tuner(MODES, told.append)
    run(tuner, {mode: 1e-3 if mode == best else 2e-3 for mode in MODES}, ROUNDS * 3)
    assert tuner.next() == best
    (text,) = told
    assert text.startswith(f"{best}: 1,000 tokens/s")
    assert text.count("500") == 2


def test_a_passing_load_does_not_decide():
    """One update in five takes eight times as long, whatever the mode."""
    for seed in range(20):
        tuner = Tuner([ONE, TWO], lambda text: None)
        chance = random.Random(seed)
        slow = chance.randrange(2)
        for number in range(ROUNDS * 2):  # two updates of one mode are disturbed
            disturbed = number in (2 + slow, 6 + slow)
            seconds = {ONE: 2.0, TWO: 1.2}[tuner.next()] * (8 if disturbed else 1)
            tuner.took(seconds, 100)
        assert tuner.next() == TWO


def test_the_first_updates_do_not_count():
    tuner = Tuner([ONE, TWO], lambda text: None)
    for number in range(ROUNDS * 2):
        slow = number < 2 and tuner.next() == TWO
        tuner.took(100.0 if slow else {ONE: 2.0, TWO: 1.9}[tuner.next()], 100)
    assert tuner.next() == TWO


def test_when_the_speed_changes_by_a_third_it_looks_again():
    told = []
    tuner = Tuner([TWO, ONE], told.append)
    quiet, busy = {ONE: 1.8, TWO: 1.0}, {ONE: 2.0, TWO: 3.0}
    run(tuner, quiet, 100)
    assert (tuner.next(), len(told)) == (TWO, 1)
    run(tuner, busy, 100)
    assert (tuner.next(), len(told)) == (ONE, 2)
    run(tuner, quiet, 50)
    assert (tuner.next(), len(told)) == (ONE, 2)  # a tenth faster says nothing
    run(tuner, {ONE: 1.2, TWO: 0.7}, 100)
    assert (tuner.next(), len(told)) == (TWO, 3)


def test_now_and_then_it_looks_again_whatever_the_speed():
    tuner = Tuner([TWO, ONE], lambda text: None)
    run(tuner, {ONE: 1.0, TWO: 1.5}, 60)
    assert tuner.next() == ONE
    run(tuner, {ONE: 1.0, TWO: 0.6}, 200)  # what the other mode would take nobody sees
    assert tuner.next() == TWO


def test_a_machine_that_changes_all_the_time_is_not_tried_all_the_time():
    told = []
    tuner = Tuner([TWO, ONE], told.append)
    updates = 40 * (WINDOW + 5)
    for number in range(40):
        run(tuner, {ONE: 1.0 + number % 2, TWO: 1.5 + number % 2}, WINDOW + 5)
    assert len(told) <= updates / (PAUSE + 2 * ROUNDS) + 1


def test_never_much_slower_than_the_best_of_the_fixed_choices():
    """On machines where one update in five takes eight times as long."""
    ratios = []
    for seed in range(10):
        chance = random.Random(seed)
        machine = {mode: chance.uniform(1, 3) for mode in MODES}
        spent = run(Tuner(MODES, lambda text: None), machine, 1500, chance=random.Random(seed))
        (fixed,) = sorted(MODES, key=lambda mode: machine[mode])[:1]
        best = run(Tuner([fixed], lambda text: None), machine, 1500, chance=random.Random(seed))
        ratios.append(sum(spent) / sum(best))
    assert median(ratios) <= 1.1


def test_one_mode_is_never_tried():
    told = []
    tuner = Tuner([TWO], told.append)
    run(tuner, {TWO: 1.0}, 50)
    run(tuner, {TWO: 9.0}, 200)
    assert tuner.next() == TWO
    assert told == []
