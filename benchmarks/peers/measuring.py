"""Running the contenders in turn and taking their times."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.common import Rate, Window
from benchmarks.peers.contender import Command, Contender, Training, Translating
from benchmarks.peers.corpus import Corpus


@dataclass(frozen=True)
class Usage:
    """Seconds that a process took."""

    wall: float
    cpu: float


def run(contender: Contender, command: Command, log: Path) -> Usage:
    """Run a command to its end; raises RuntimeError with the end of its log if it fails."""
    log.parent.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    with (
        log.open("w") as errors,
        open(command.stdin or os.devnull) as stdin,
        open(command.stdout or os.devnull, "w") as stdout,
    ):
        process = subprocess.Popen(
            command.arguments,
            env={**os.environ, **contender.variables},
            stdin=stdin,
            stdout=stdout if command.stdout else errors,
            stderr=errors,
        )
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        last = " | ".join(log.read_text(errors="replace").strip().splitlines()[-3:])
        raise RuntimeError(f"{contender.name} ended with {process.returncode}: {last} (see {log})")
    return Usage(time.perf_counter() - start, used.ru_utime + used.ru_stime)


class Comparison:
    """The contenders that still run, the folder they work in, and what went wrong."""

    def __init__(self, contenders: dict[str, Contender], corpus: Corpus, work: Path) -> None:
        self.contenders, self.corpus, self.work = contenders, corpus, work
        self.failures: dict[str, str] = {}

    def each(self, action: Callable[[str, Contender], None]) -> None:
        """Do something with each contender in turn; one that fails is left out from then on."""
        for key, contender in list(self.contenders.items()):
            try:
                action(key, contender)
            except RuntimeError as error:
                self.fail(key, error)

    def fail(self, key: str, error: RuntimeError) -> None:
        """Leave a contender out and remember why."""
        print(error, file=sys.stderr)
        self.failures[key] = str(error)
        self.contenders.pop(key, None)

    def model(self, key: str, updates: int) -> Path:
        """Where the model to translate with lies."""
        return self.work / "models" / f"{key}-{updates}"

    def train_models(self, updates: int) -> None:
        """Train the models to translate with, unless they are there."""

        def train(key: str, contender: Contender) -> None:
            folder = self.model(key, updates)
            clock = folder.with_name(f"{folder.name}.clock.json")
            ready = folder.with_name(f"{folder.name}.ready")
            if ready.exists():
                return
            print(f"{contender.name}: {updates} updates for the model", file=sys.stderr)
            job = Training(self.corpus, folder, updates, clock)
            run(contender, contender.train(job), self.work / "logs" / f"{key}.model.log")
            ready.touch()

        self.each(train)

    def training_rates(self, *, warmup: int, updates: int, rounds: int) -> dict[str, Rate]:
        """Target tokens per second of each contender, in windows of ten updates."""
        windows: dict[str, list[Window]] = {key: [] for key in self.contenders}

        def train(key: str, contender: Contender) -> None:
            if not contender.compared:
                return
            folder, clock = self.work / "speed" / key, self.work / f"{key}.clock.json"
            clock.unlink(missing_ok=True)
            job = Training(self.corpus, folder, warmup + updates + 1, clock)
            run(contender, contender.train(job), self.work / "logs" / f"{key}.train.log")
            windows[key] += windows_of(clock, warmup)
            shown = ", ".join(f"{window.work / window.cpu:,.0f}" for window in windows[key])
            print(f"{contender.name}: {shown} target tokens / CPU s", file=sys.stderr)

        for _ in range(rounds):
            self.each(train)
        return {key: Rate.of(some) for key, some in windows.items() if some}

    def translations(
        self, *, updates: int, beam: int, batch: int, rounds: int
    ) -> dict[str, list[Usage]]:
        """Time to translate test less the time for one sentence, each round."""
        times: dict[str, list[Usage]] = {key: [] for key in self.contenders}

        def translate(key: str, contender: Contender) -> None:
            usage = {}
            for split in ("first", "test"):
                job = Translating(
                    self.model(key, updates),
                    self.corpus.file(split, "en"),
                    self.work / f"{key}.{split}.de",
                    beam,
                    batch,
                )
                log = self.work / "logs" / f"{key}.translate.log"
                usage[split] = run(contender, contender.translate(job), log)
            start, whole = usage["first"], usage["test"]
            times[key].append(Usage(whole.wall - start.wall, whole.cpu - start.cpu))
            print(f"{contender.name}: {times[key][-1]}, start-up {start}", file=sys.stderr)

        for _ in range(rounds):
            self.each(translate)
        return {key: some for key, some in times.items() if some}


def windows_of(clock: Path, warmup: int, size: int = 10) -> list[Window]:
    """Windows of `size` updates after the first `warmup` ones."""
    ticks = json.loads(clock.read_text())[warmup:]
    windows = []
    for first in range(0, len(ticks) - size, size):
        (wall, cpu, _), (end_wall, end_cpu, _) = ticks[first], ticks[first + size]
        tokens = sum(tick[2] for tick in ticks[first : first + size])
        windows.append(Window(tokens, end_wall - wall, end_cpu - cpu))
    if not windows:
        raise RuntimeError(f"{clock}: fewer than {warmup + size + 1} updates were timed")
    return windows
