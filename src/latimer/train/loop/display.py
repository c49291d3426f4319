"""A run on the terminal: a live block where there is one, plain lines now and then otherwise."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from latimer.train.loop.log import OF_REWARD, SHOWN, Report, clock

PLAIN_SECONDS = 15.0
"""Seconds between two lines of updates when standard error is not a terminal."""

BAR_WIDTH = 36


class Display:
    """Shows the reports of a run; call it with each of them.

    A context manager: while it is entered, a live block with the time, a progress bar and the
    latest figures stands at the end of a console that is a terminal. A subclass chooses the
    lines above it (`show`) and the lines of the block below the bar (`lines`).
    """

    def __init__(
        self, console: Console | None = None, now: Callable[[], float] = time.monotonic
    ) -> None:
        """`console` is standard error by default; `now` is a clock in seconds."""
        self.console = console or Console(file=sys.stderr, highlight=False, soft_wrap=True)
        self.last: Report | None = None
        """The latest report."""
        self.figures: dict[str, float] = {}
        """Those of the latest update."""
        self._now, self._reported = now, now()
        self._live: Live | None = None
        self._last_line = float("-inf")

    def __enter__(self) -> Self:
        """Start the live block if there is a terminal."""
        if self.console.is_terminal:
            self._live = Live(
                console=self.console,
                get_renderable=self.block,
                refresh_per_second=4,
                transient=True,
                redirect_stdout=False,
            )
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the live block; the lines above it stay."""
        if self._live:
            self._live.stop()
            self._live = None

    def __call__(self, report: Report) -> None:
        """Take in one report."""
        self.last, self._reported = report, self._now()
        if report.kind == "update":
            self.figures = dict(report.figures)
        self.show(report)

    def show(self, report: Report) -> None:
        """Print what stays of `report`: all but samples, and of updates one now and then."""
        if report.kind == "samples":
            return
        if report.kind != "update":
            self.console.print(str(report) if report.figures else report.message, markup=False)
        elif not self.console.is_terminal and self._now() - self._last_line >= PLAIN_SECONDS:
            self._last_line = self._now()
            self.console.print(str(report), markup=False)

    def lines(self, last: Report) -> list[Text]:
        """The figures of the latest update, those of learning from reward on a second line."""
        named = [name for name in SHOWN if name in self.figures and name != "seconds_left"]
        rows = (
            [name for name in named if name not in OF_REWARD],
            [name for name in named if name in OF_REWARD],
        )
        return [
            Text("  ".join(SHOWN[name](self.figures[name]) for name in row), no_wrap=True)
            for row in rows
            if row
        ]

    def seconds(self) -> float:
        """Seconds of training so far; they run on between two reports."""
        return (self.last.seconds if self.last else 0.0) + self._now() - self._reported

    def block(self) -> RenderableType:
        """The live block."""
        if self.last is None:
            return Text("  getting ready …", style="dim")
        return Group(self._bar(self.last), *self.lines(self.last))

    def _bar(self, last: Report) -> Table:
        """The time spent and, once it can be estimated, a bar and the time left."""
        spent, left = self.seconds(), self.figures.get("seconds_left")
        table = Table.grid(padding=(0, 2, 0, 0))
        if left is None:
            table.add_row("", Text(clock(spent), style="bold"))
            return table
        total = last.seconds + left
        bar = ProgressBar(total=max(total, 1e-9), completed=min(spent, total), width=BAR_WIDTH)
        rest = Text(f"{clock(max(0.0, total - spent))} left")
        table.add_row("", bar, Text(clock(spent), style="bold"), rest)
        return table
