import pytest

from latimer.train.loop.schedule import LAST, Clock, Schedule, cool_down, warm_up


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


def test_cooling_down_is_a_line_over_the_last_share_of_the_budget():
    shares = (0.0, 0.5, 0.6, 0.75, 1.0)
    expected = [1, 1, 0.8 + 0.2 * LAST, 0.5 + 0.5 * LAST, LAST]
    assert [cool_down(share, 0.5) for share in shares] == pytest.approx(expected)
    assert cool_down(None, 0.5) == cool_down(0.9, 0.0) == 1


def test_cooling_down_multiplies_the_rate_of_the_schedule():
    schedule = Schedule(1.0, "plateau", decay=0.5, cooldown=0.4)
    assert schedule.rate(Clock(8, decays=1, done=0.8)) == pytest.approx(0.25 + 0.25 * LAST)
