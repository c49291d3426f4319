import pytest

from latimer.train.loop.budget import Budget
from latimer.train.loop.divergence import Limits
from latimer.train.loop.progress import Candidate, Progress


@pytest.mark.parametrize(
    ("budget", "progress", "word"),
    [
        (Budget(max_updates=10), Progress(update=10), "updates"),
        (Budget(max_epochs=2), Progress(epoch=2), "epochs"),
        (Budget(max_seconds=60), Progress(seconds=60, timed_out=True), "minutes"),
        (Budget(patience=3), Progress(stale=3), "gain"),
    ],
)
def test_each_limit_ends_the_run_and_says_so(budget, progress, word):
    assert word in budget.reason(progress)


def test_nothing_ends_a_run_before_its_limits():
    budget = Budget(max_seconds=60, max_epochs=2, max_updates=10, patience=3)
    assert budget.reason(Progress(update=9, epoch=1, seconds=61, stale=2)) is None


def test_the_time_of_the_last_validation_is_kept_in_reserve():
    budget = Budget(max_seconds=60)
    assert not budget.timed_out(Progress(seconds=52))
    assert budget.timed_out(Progress(seconds=52, validation_seconds=8))
    assert budget.done(Progress(seconds=26, validation_seconds=8), 10) == pytest.approx(0.5)
    assert not budget.timed_out(Progress(seconds=29, validation_seconds=80))


def test_the_limit_nearest_to_its_end_says_how_much_is_done():
    budget = Budget(max_seconds=1000, max_updates=100, max_epochs=10)
    assert budget.done(Progress(update=20, epoch=4, position=4, seconds=90), 10) == 0.45
    assert budget.done(Progress(update=49, epoch=4, position=4, seconds=90), 10) == 0.5
    assert budget.done(Progress(update=49, epoch=4, position=4, seconds=700), 10) == 0.7
    assert Budget(patience=1).done(Progress(update=3), 10) is None


def test_updates_and_epochs_are_done_with_the_last_of_them():
    assert Budget(max_updates=3).done(Progress(update=2), 10) == 1
    assert Budget(max_epochs=3).done(Progress(epoch=2, position=9), 10) == 1
    assert Budget(max_epochs=3).done(Progress(epoch=2, position=8), 10) < 1


def test_what_is_left_is_told_by_the_pace_and_never_more_than_the_limit():
    budget = Budget(max_seconds=100, max_updates=50)
    assert budget.seconds_left(0.5, pace=0.01, seconds=20) == pytest.approx(50)
    assert budget.seconds_left(0.5, pace=0.001, seconds=20) == pytest.approx(80)
    assert budget.seconds_left(None, 0.1, 20) is None
    assert budget.seconds_left(0.5, 0.0, 20) is None


def test_stalls_lower_the_rate_and_gains_begin_the_count_anew():
    progress = Progress()
    scores = [10, 12, 11, 12, 13, 9, 9, 9, 9, 14]
    seen = []
    for update, bleu in enumerate(scores, 1):
        progress.update = update
        progress.record_validation(bleu, 1.0, plateau_patience=2)
        seen.append((progress.stale, progress.decays))
    assert seen == [
        (0, 0), (0, 0), (1, 0), (2, 1), (0, 1), (1, 1), (2, 2), (3, 2), (4, 3), (0, 3),
    ]  # fmt: skip
    assert (progress.best_bleu, progress.best_update) == (14, 10)


def test_while_bleu_is_noise_loss_decides():
    progress = Progress()
    assert progress.record_validation(0.4, 5.0, 1)
    assert progress.record_validation(0.1, 4.0, 1)
    assert not progress.record_validation(0.5, 4.5, 1)
    assert progress.record_validation(1.5, 4.6, 1)
    assert not progress.record_validation(1.4, 3.0, 1)


def test_progress_survives_json_exactly():
    import json

    progress = Progress(
        update=3, seconds=0.1 + 0.2, best_loss=1 / 3, timed_out=True, sums={"loss": 2 / 3},
        candidates=[Candidate(2, 10 / 3, "a")],
    )  # fmt: skip
    assert Progress.from_json(json.loads(json.dumps(progress.to_json()))) == progress
    fresh = Progress()
    assert Progress.from_json(json.loads(json.dumps(fresh.to_json()))) == fresh


def test_a_collapse_ends_the_run_and_says_what_to_change():
    budget, progress = Budget(max_updates=100, limits=Limits()), Progress()
    for update, bleu, over in ((0, 30.0, False), (1, 21.5, False), (2, 20.9, True)):
        progress.update = update
        progress.record_validation(bleu, 1.0, 3)
        reason = budget.reason(progress)
        assert (reason is not None) == over
    assert reason is not None
    assert "from 30.0 to 20.9" in reason
    assert "training.learning_rate" in reason
    assert Budget(max_updates=100).reason(progress) is None


def test_noise_is_no_collapse():
    budget, progress = Budget(max_updates=100, limits=Limits()), Progress()
    for update, bleu in ((0, 4.0), (1, 0.0)):
        progress.update = update
        progress.record_validation(bleu, 1.0, 3)
    assert budget.reason(progress) is None
