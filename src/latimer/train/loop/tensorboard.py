"""TensorBoard event files; needs the extra `tensorboard`.

TensorBoard's own `SummaryWriter` writes in a thread, so that its length at a given moment is
unknown and a full disk goes unnoticed. Here its record format is written directly.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from latimer.extras import require

_PURPOSE = "training.tensorboard"


def events_name(run: Path) -> str:
    """The events file of the run: the existing one, or one named as TensorBoard expects."""
    for path in sorted((run / "events").glob("events.out.tfevents.*")):
        return f"events/{path.name}"
    return f"events/events.out.tfevents.{int(time.time()):010}.{socket.gethostname()}"


def check_tensorboard() -> None:
    """Raises LatimerError when TensorBoard is not installed."""
    _module("summary.writer.record_writer")


class EventWriter:
    """Writes scalars as TensorBoard records."""

    def __init__(self, file: IO[bytes]) -> None:
        """`file` is open for appending; an empty one gets the version record."""
        self._writer = _module("summary.writer.record_writer").RecordWriter(file)
        self._summary = _module("compat.proto.summary_pb2").Summary
        self._event = _module("compat.proto.event_pb2").Event
        if file.tell() == 0:
            self._add(file_version="brain.Event:2")

    def write(self, step: int, group: str, scalars: Mapping[str, float]) -> None:
        """Add `scalars` at `step`, each under the tag `group/name`."""
        values = [
            self._summary.Value(tag=f"{group}/{name}", simple_value=value)
            for name, value in scalars.items()
        ]
        self._add(step=step, summary=self._summary(value=values))

    def _add(self, **fields: Any) -> None:
        self._writer.write(self._event(wall_time=time.time(), **fields).SerializeToString())


def _module(name: str) -> Any:
    return require(f"tensorboard.{name}", "tensorboard", _PURPOSE)
