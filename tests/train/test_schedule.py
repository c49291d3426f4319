import pytest

from latimer.train.schedule import Clock, Schedule, cool_down, warm_up


def rates(schedule, updates, **clock):
    return [schedule.rate(Clock(update, **clock)) for update in updates]


def test_warm_up_is_a_line_that_reaches_one_at_its_last_update():
    assert [warm_up(update, 4) for update in (1, 2, 3, 4, 5, 100)] == [0.25, 0.5, 0.75, 1, 1, 1]
    assert warm_up(1, 0) == 1


def test_constant():
    assert rates(Schedule(0.5, "constant", warmup=2), (1, 2, 3, 1000)) == [0.25, 0.5, 0.5, 0.5]


@pytest.mark.parametrize(("decays", "rate"), [(0, 0.8), (1, 0.2), (2, 0.05)])
def test_plateau_multiplies_once_for_every_stall(decays, rate):
    schedule = Schedule(0.8, "plateau", decay=0.25)
    assert schedule.rate(Clock(1000, decays=decays)) == pytest.approx(rate)


def test_inverse_sqrt_falls_to_half_at_four_times_the_warm_up():
    schedule = Schedule(1e-3, "inverse_sqrt", warmup=100)
    assert rates(schedule, (50, 100, 400, 1600)) == pytest.approx([5e-4, 1e-3, 5e-4, 2.5e-4])


def test_cooling_down_is_a_line_that_would_reach_zero_just_after_the_end():
    clocks = [Clock(update, cooldown=(6, 9)) for update in (5, 6, 7, 8, 9, 10, 11)]
    assert [cool_down(clock) for clock in clocks] == pytest.approx([1, 1, 0.75, 0.5, 0.25, 0, 0])
    assert cool_down(Clock(7)) == 1


def test_cooling_down_multiplies_the_rate_of_the_schedule():
    schedule = Schedule(1.0, "plateau", decay=0.5)
    assert schedule.rate(Clock(8, decays=1, cooldown=(6, 9))) == pytest.approx(0.25)
