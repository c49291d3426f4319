"""Run a toolkit's own training command and note the time at which each update begins.

This file is run by the interpreter of the toolkit's environment, where nothing of Latimer's is
installed: `python run_timed.py CLOCK.json joeynmt|opennmt ARGUMENTS…`.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any


class UpdateClock:
    """Wall and CPU time at the same point of every update, and the update's target tokens."""

    def __init__(self) -> None:
        self.ticks: list[tuple[float, float, int]] = []

    def tick(self, tokens: int) -> None:
        """An update of `tokens` target tokens, end-of-sentence included, is at that point."""
        self.ticks.append((time.perf_counter(), time.process_time(), tokens))

    def write(self, path: Path) -> None:
        """Write the ticks as JSON: a list of `[wall, cpu, tokens]`."""
        path.write_text(json.dumps(self.ticks), encoding="utf-8")


def run_joeynmt(clock: UpdateClock) -> None:
    """`python -m joeynmt …` with its training step timed."""
    from joeynmt import __main__ as command  # type: ignore[import-not-found]
    from joeynmt.training import TrainManager  # type: ignore[import-not-found]

    step = TrainManager._train_step

    def timed(self: Any, batch: Any) -> Any:
        clock.tick(int(batch.ntokens))
        return step(self, batch)

    TrainManager._train_step = timed
    command.main()


def run_opennmt(clock: UpdateClock) -> None:
    """`onmt_train …` with its training step timed."""
    from onmt.bin import train  # type: ignore[import-not-found]
    from onmt.trainer import Trainer  # type: ignore[import-not-found]

    step = Trainer._gradient_accumulation

    def timed(self: Any, batches: Any, *others: Any) -> Any:
        padding = self.train_loss.padding_idx
        clock.tick(sum(int(batch["tgt"][:, 1:, 0].ne(padding).sum()) for batch in batches))
        return step(self, batches, *others)

    Trainer._gradient_accumulation = timed
    train.main()


TOOLKITS = {"joeynmt": run_joeynmt, "opennmt": run_opennmt}


def main() -> None:
    """Run the toolkit named on the command line and write the clock, whatever happens."""
    path, toolkit, *arguments = sys.argv[1:]
    sys.argv = [toolkit, *arguments]
    clock = UpdateClock()
    try:
        TOOLKITS[toolkit](clock)
    finally:
        clock.write(Path(path))


if __name__ == "__main__":
    main()
