import errno
import json
import os
import sys

import pytest
from task import tiny_recipe, write_task
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

from latimer.errors import LatimerError
from latimer.train.loop.log import Report, RunLog, clock
from latimer.train.run.run import train


def report(update: int, kind: str = "update", **figures: float) -> Report:
    return Report(kind, update, 0, 1.5 * update, figures or {"loss": 1 / update})


def events(run):
    (path,) = (run / "events").iterdir()
    found = []
    for event in EventFileLoader(str(path)).Load():
        for value in event.summary.value:
            found.append((event.step, value.tag, pytest.approx(value.tensor.float_val[0])))
    return found


def test_each_log_has_every_report_once_whatever_was_cut_off(tmp_path):
    log = RunLog(tmp_path, {}, tensorboard=True)
    log.write(report(1))
    log.write(report(2, "validation", bleu=20.0))
    positions = log.sync()
    log.write(report(3))
    log.close()
    log = RunLog(tmp_path, positions, tensorboard=True)
    log.write(report(3))
    log.write(report(4))
    log.close()
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["update"] for line in lines] == [1, 2, 3, 4]
    assert [line.split("update ")[1][0] for line in (tmp_path / "train.log").open()] == list("1234")
    assert events(tmp_path) == [
        (1, "train/loss", 1.0),
        (2, "dev/bleu", 20.0),
        (3, "train/loss", 1 / 3),
        (4, "train/loss", 0.25),
    ]


def test_a_new_run_does_not_go_on_with_old_logs(tmp_path):
    for _ in range(2):
        log = RunLog(tmp_path, {}, tensorboard=True)
        log.write(report(1))
        log.close()
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == 1
    assert len(events(tmp_path)) == 1


def test_tensorboard_gets_events_only_when_asked_for(tmp_path):
    log = RunLog(tmp_path, {})
    log.write(report(1))
    log.close()
    assert {path.name for path in tmp_path.iterdir()} == {"log.jsonl", "train.log"}


def test_a_missing_tensorboard_is_one_line_before_anything_is_read(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard.summary.writer.record_writer", None)
    recipe = tiny_recipe(write_task(tmp_path, pairs=20, dev=5), tensorboard=True)
    with pytest.raises(LatimerError) as refused:
        train(recipe, tmp_path / "run")
    assert str(refused.value) == (
        "training.tensorboard: needs tensorboard; install latimer[tensorboard]: "
        "pip install 'latimer[tensorboard]'"
    )
    assert not (tmp_path / "run" / "data").exists()


def test_half_a_line_is_cut_off(tmp_path):
    log = RunLog(tmp_path, {})
    log.write(report(1))
    positions = log.sync()
    log.close()
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write('{"kind": "upd')
    log = RunLog(tmp_path, positions)
    log.write(report(2))
    log.close()
    updates = [json.loads(line)["update"] for line in (tmp_path / "log.jsonl").open()]
    assert updates == [1, 2]


def test_numbers_are_exact_and_those_json_cannot_write_are_null():
    line = json.loads(report(1, loss=0.1 + 0.2, perplexity=float("inf")).to_json())
    assert line["loss"] == 0.1 + 0.2
    assert line["perplexity"] is None


def test_a_full_disk_is_one_line(tmp_path):
    log = RunLog(tmp_path, {})
    real = log._json

    class Full:
        def __getattr__(self, name):
            return getattr(real, name)

        def write(self, data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    log._json = Full()
    with pytest.raises(LatimerError, match=r"No space left on device.*same command"):
        log.write(report(1))
    log.close()


def test_times_for_people():
    assert [clock(seconds) for seconds in (0, 59.6, 61, 3600)] == [
        "0:00",
        "1:00",
        "1:01",
        "1:00:00",
    ]
