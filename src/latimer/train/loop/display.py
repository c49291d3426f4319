"""A run on the terminal: a live line when somebody looks, plain lines now and then otherwise."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

from latimer.train.loop.log import OF_REWARD, SHOWN, Report, clock

if TYPE_CHECKING:
    from rich.console import Console, Group

PLAIN_SECONDS = 15.0
"""Between two lines when standard error is not a terminal."""

BAR_WIDTH = 24


class Display:
    """Shows the reports of a run on standard error; use as a context manager."""

    def __init__(self, console: Console | None = None) -> None:
        from rich.console import Console
        from rich.live import Live

        self.console = console or Console(file=sys.stderr, highlight=False, soft_wrap=True)
        self._live = Live(console=self.console, refresh_per_second=4, transient=True)
        self._last_line = float("-inf")

    def __enter__(self) -> Display:
        """Start the live line if there is a terminal."""
        if self.console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the live line away."""
        self._live.stop()

    def __call__(self, report: Report) -> None:
        """Show `report`."""
        if report.kind == "samples":
            return
        if report.kind != "update":
            self.console.print(str(report) if report.figures else report.message, markup=False)
        elif self.console.is_terminal:
            self._live.update(_line(report))
        elif time.monotonic() - self._last_line >= PLAIN_SECONDS:
            self._last_line = time.monotonic()
            self.console.print(str(report), markup=False)


def _line(report: Report) -> Group:
    """The live line: a bar when the end is known, then the figures; those of reward below it."""
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    left = report.figures.get("seconds_left")
    cells: list[Text | ProgressBar] = [Text(clock(report.seconds))]
    if left is not None:
        total = report.seconds + left
        cells.append(ProgressBar(total=total, completed=report.seconds, width=BAR_WIDTH))
    cells += [
        Text(show(report.figures[name]))
        for name, show in SHOWN.items()
        if name in report.figures and name not in OF_REWARD
    ]
    table.add_row(*cells)
    told = [SHOWN[name](report.figures[name]) for name in OF_REWARD if name in report.figures]
    return Group(table, Text("  ".join(told), no_wrap=True)) if told else Group(table)
