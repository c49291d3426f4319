"""A run that is killed, however and whenever, goes on as if nothing had happened."""

import multiprocessing
import os
import random
import signal
import time

import pytest
import torch
from task import reports, tiny_recipe, write_task

from latimer.errors import InputError, LatimerError
from latimer.tensors import read_tensors
from latimer.train.checkpoint.averaging import Checkpoints
from latimer.train.checkpoint.state import load_state
from latimer.train.loop.interruption import Interrupted
from latimer.train.loop.schedule import LAST
from latimer.train.run.run import train

UPDATES, EVERY = 45, 15
CLEAN = multiprocessing.get_context("forkserver")
"""Processes forked from one that has imported everything but never trained."""
CLEAN.set_forkserver_preload(["latimer.train.run.run", "sacrebleu"])


@pytest.fixture(scope="module")
def task(tmp_path_factory):
    return write_task(tmp_path_factory.mktemp("task"), pairs=300, dev=10)


def recipe(task, **changes):
    """Dropout, decay, cooling down, averaging and several epochs: all that has a state."""
    settings = {
        "schedule": "plateau", "plateau_patience": 1, "cooldown": 0.3, "average": 2, "threads": 2,
        "max_updates": UPDATES, "validate_every": EVERY,
    }  # fmt: skip
    return tiny_recipe(task, model={"dropout": 0.3}, **{**settings, **changes})


@pytest.fixture(scope="module")
def undisturbed(task, tmp_path_factory):
    run = tmp_path_factory.mktemp("undisturbed")
    train(recipe(task), run, report_every=1)
    return run


CLOCK = ("seconds", "tokens_per_second", "seconds_left")


def timeless(line):
    """A line of the log without what the clock decides."""
    return {name: value for name, value in line.items() if name not in CLOCK}


def assert_same_run(run, expected):
    """Every loss, score and weight is equal bit by bit, and the log has every line once."""
    for kind in ("update", "validation"):
        found = [timeless(line) for line in reports(run, kind)]
        assert found == [timeless(line) for line in reports(expected, kind)]
    assert [line["update"] for line in reports(run, "update")] == list(range(1, UPDATES + 1))
    weights, theirs = (
        read_tensors(folder / "models" / "best" / "weights.safetensors")
        for folder in (run, expected)
    )
    assert all(torch.equal(tensor, theirs[name]) for name, tensor in weights.items())


def start(task, run):
    process = CLEAN.Process(
        target=train, args=(recipe(task), run), kwargs={"report_every": 1, "save_minutes": 0.0}
    )
    process.start()
    return process


def wait_for(condition, process):
    while not condition() and process.is_alive():
        time.sleep(0.001)


def test_the_same_twice(task, undisturbed, tmp_path):
    """What the other tests stand on: a run is determined by its recipe."""
    train(recipe(task), tmp_path, report_every=1)
    assert_same_run(tmp_path, undisturbed)


@pytest.mark.slow
def test_kill_at_any_moment(task, undisturbed, tmp_path):
    chance, kills, log = random.Random(3), 0, tmp_path / "log.jsonl"
    while True:
        before = log.stat().st_size if log.exists() else 0
        process = start(task, tmp_path)
        wait_for(lambda before=before: log.exists() and log.stat().st_size > before, process)
        time.sleep(chance.uniform(0, 0.2))
        if kills % 2:  # in the midst of saving
            wait_for(lambda: any((tmp_path / "state").glob(".unfinished.*")), process)
        if kills == 5 or not process.is_alive():
            process.join()
            break
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        kills += 1
    assert process.exitcode == 0
    assert kills >= 3
    assert_same_run(tmp_path, undisturbed)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_stop(task, undisturbed, tmp_path, number):
    """In this process: the signal comes from a report, and training stops soon after."""
    before = signal.getsignal(number)
    # After 15 a validation is due, which is put off until the run goes on.
    for stop, last in ((4, 5), (EVERY, EVERY), (37, 38)):

        def listen(report, stop=stop):
            if report.kind == "update" and report.update == stop:
                os.kill(os.getpid(), number)

        with pytest.raises(Interrupted, match=rf"after update {last};.*saved") as caught:
            train(recipe(task), tmp_path, report_every=1, on_event=listen)
        assert caught.value.exit_code == 130
        assert signal.getsignal(number) == before
    train(recipe(task), tmp_path, report_every=1)
    assert_same_run(tmp_path, undisturbed)


def test_asked_to_stop_while_validating(task, undisturbed, tmp_path, monkeypatch):
    from latimer.train.loop import validation

    collate = validation.collate
    asked = iter([True])

    def interrupt(*arguments):
        if next(asked, False):
            os.kill(os.getpid(), signal.SIGINT)
        return collate(*arguments)

    monkeypatch.setattr(validation, "collate", interrupt)
    with pytest.raises(Interrupted, match=f"after update {EVERY};"):
        train(recipe(task), tmp_path, report_every=1)
    assert reports(tmp_path, "validation") == []
    train(recipe(task), tmp_path, report_every=1)
    assert_same_run(tmp_path, undisturbed)


class Killed(Exception):
    """Stands for the end of the process."""


def test_under_a_limit_of_time_what_the_clock_decided_is_repeated(task, tmp_path):
    """Killed five updates after its last state, on a machine that is slower the second time."""
    limited = recipe(task, max_updates=None, max_minutes=0.06, cooldown=0.99, schedule="constant")

    def kill(report):
        if report.kind == "update" and report.update == EVERY + 5:
            raise Killed

    with pytest.raises(Killed):
        train(limited, tmp_path, report_every=1, on_event=kill)
    lost = [timeless(line) for line in reports(tmp_path, "update")][EVERY:]
    train(limited, tmp_path, report_every=1, on_event=lambda report: time.sleep(0.02))
    found = reports(tmp_path, "update")
    assert len(lost) == 5
    assert [timeless(line) for line in found[EVERY : EVERY + 5]] == lost
    assert all(line["learning_rate"] < limited.training.learning_rate for line in lost)
    rates = [line["learning_rate"] for line in found]
    assert rates[-1] == pytest.approx(LAST * limited.training.learning_rate)
    assert min(rates) == rates[-1] < rates[-2]


def test_a_damaged_state_falls_back_on_the_one_before_it(task, undisturbed, tmp_path):
    with pytest.raises(Interrupted):
        train(recipe(task), tmp_path, report_every=1, on_event=at(40))
    newest = max((tmp_path / "state").iterdir())
    path = newest / "network.safetensors"
    path.write_bytes(path.read_bytes()[:-7])
    notes = []
    train(recipe(task), tmp_path, report_every=1, on_event=lambda r: notes.append(r.message))
    assert any("network.safetensors: truncated" in note for note in notes)
    assert_same_run(tmp_path, undisturbed)


def at(update):
    def listen(report):
        if report.kind == "update" and report.update == update:
            os.kill(os.getpid(), signal.SIGINT)

    return listen


def test_without_a_whole_state_nothing_is_overwritten(task, tmp_path):
    with pytest.raises(Interrupted):
        train(recipe(task), tmp_path, report_every=1, on_event=at(3))
    for state in (tmp_path / "state").iterdir():
        (state / "state.json").write_text("{")
    log = (tmp_path / "log.jsonl").read_bytes()
    with pytest.raises(InputError, match=r"state\.json: .*truncated.*remove .*state to train from"):
        train(recipe(task), tmp_path)
    assert (tmp_path / "log.jsonl").read_bytes() == log


def test_a_full_disk_loses_nothing(task, undisturbed, tmp_path, monkeypatch):
    offer = Checkpoints.offer

    def full(self, candidates, bleu, update, weights, loss):
        if update == 2 * EVERY:
            raise LatimerError("cannot write: No space left on device")
        return offer(self, candidates, bleu, update, weights)

    monkeypatch.setattr(Checkpoints, "offer", full)
    with pytest.raises(LatimerError, match="No space left"):
        train(recipe(task), tmp_path, report_every=1)
    monkeypatch.undo()
    train(recipe(task), tmp_path, report_every=1)
    assert_same_run(tmp_path, undisturbed)


def test_a_longer_limit_goes_on_from_the_end(task, tmp_path):
    def settings(updates):
        return recipe(task, cooldown=0.0, max_updates=updates)

    train(settings(EVERY), tmp_path / "run", report_every=1)
    train(settings(2 * EVERY), tmp_path / "run", report_every=1)
    train(settings(2 * EVERY), tmp_path / "whole", report_every=1)
    losses, expected = (
        [line["loss"] for line in reports(tmp_path / run, "update")] for run in ("run", "whole")
    )
    assert losses == expected


def test_a_finished_run_says_the_same_again(task, undisturbed):
    state = load_state(undisturbed / "state")[0].facts["progress"]
    assert state["update"] == UPDATES
    before = read_tensors(undisturbed / "models" / "best" / "weights.safetensors")
    folder = train(recipe(task), undisturbed)
    assert folder.parent == undisturbed / "models"
    after = read_tensors(undisturbed / "models" / "best" / "weights.safetensors")
    assert all(torch.equal(tensor, after[name]) for name, tensor in before.items())


def test_other_settings_are_refused_by_name(task, undisturbed):
    with pytest.raises(InputError, match=r"training\.clip is 2\.0, was 1\.0"):
        train(recipe(task, clip=2.0), undisturbed)


def test_losses_that_are_never_finite_end_the_run(task, tmp_path, monkeypatch):
    from latimer.train.objectives.likelihood import Likelihood

    real = Likelihood.loss

    def broken(self, batch):
        loss = real(self, batch)
        return type(loss)(loss.value * float("nan"), loss.weight, loss.figures)

    monkeypatch.setattr(Likelihood, "loss", broken)
    with pytest.raises(LatimerError, match=r"10 updates in a row.*training\.learning_rate"):
        train(recipe(task), tmp_path)
