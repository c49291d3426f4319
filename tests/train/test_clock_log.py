"""The log of what the clock decided."""

import json

import pytest

from latimer.errors import LatimerError
from latimer.train.loop.clock_log import NAME, ClockLog, Tick

TICKS = [
    Tick(0, 1, 0.1 + 0.2, 1 / 3, 1e-3 / 7, 2, "bf16"),
    Tick(0, 2, 1.5, None, 1e-3, 1, "fp32"),
    Tick(0, 2, 2.5, validation=1.0),
    Tick(1, 1, 0.5, 0.25, 1e-4, 2, "fp32"),
]


def written(folder, ticks):
    log = ClockLog(folder)
    for tick in ticks:
        log.add(tick)
    log.close()


def test_what_is_written_is_read_exactly(tmp_path):
    written(tmp_path, TICKS)
    again = ClockLog(tmp_path)
    assert again.past(0, 1) == TICKS[0]
    assert again.past(0, 2) == TICKS[1]
    assert again.past(0, 2, validation=True) == TICKS[2]
    assert again.past(1, 1) == TICKS[3]
    assert again.past(0, 3) is None
    assert again.past(0, 1, validation=True) is None


def test_what_is_repeated_is_not_written_twice(tmp_path):
    written(tmp_path, TICKS[:2])
    written(tmp_path, TICKS)
    lines = [json.loads(line) for line in (tmp_path / NAME).read_text().splitlines()]
    assert [line["update"] for line in lines] == [1, 2, 2, 1]


@pytest.mark.parametrize("damage", [b'{"phase": 0, "upd', b"\x00\xff\n", b'{"phase": 0}\n', b"7\n"])
def test_what_was_cut_or_damaged_is_dropped_with_all_behind_it(tmp_path, damage):
    written(tmp_path, TICKS[:2])
    path = tmp_path / NAME
    whole = path.read_bytes()
    path.write_bytes(whole + damage)
    log = ClockLog(tmp_path)
    assert log.past(0, 2) == TICKS[1]
    log.add(TICKS[2])
    log.close()
    assert path.read_bytes().startswith(whole)
    assert ClockLog(tmp_path).past(0, 2, validation=True) == TICKS[2]


def test_a_disk_that_refuses_is_named(tmp_path):
    (tmp_path / NAME).mkdir()
    with pytest.raises(LatimerError, match=rf"{NAME}.*last state is intact"):
        ClockLog(tmp_path)
