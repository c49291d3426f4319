"""The training display of the quickstart.

It says how long training will take, shows some translations now and then, and prints a line for
every validation; the live block also draws the course of dev BLEU.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from latimer.train.loop.display import Display
from latimer.train.loop.log import Report, clock

BARS = "▁▂▃▄▅▆▇█"

LIVE: list[tuple[str, Callable[[float], str]]] = [
    ("nll", lambda value: f"loss {value:.2f}"),
    ("reward", lambda value: f"reward {value:.3f}"),
    ("tokens_per_second", lambda value: f"{value:,.0f} tokens/s"),
    ("sentences_per_second", lambda value: f"{value:,.0f} sentences/s"),
]
"""The figures of an update that the live block shows, where the run has them."""


def sparkline(values: list[float], width: int = 24) -> str:
    """The last `width` values as bars between 0 and the greatest of them."""
    shown = values[-width:]
    top = max(shown, default=0.0) or 1.0
    return "".join(BARS[max(0, round(value / top * (len(BARS) - 1)))] for value in shown)


def about(seconds: float) -> str:
    """An estimated time in words."""
    if seconds < 90:
        return f"about {max(10, 10 * round(seconds / 10))} seconds"
    return f"about {round(seconds / 60)} minutes"


class TrainingDisplay(Display):
    """The display of a training in the quickstart; see `Display`."""

    def __init__(
        self, console: Console, limit: float | None, now: Callable[[], float] = time.monotonic
    ) -> None:
        """`limit` is the longest that training may take, seconds; None without a limit."""
        super().__init__(console, now)
        self._limit = limit
        self._estimated = False
        self._bleu: list[float] = []
        self.machine = ""
        """How much of the machine training had, in words, once it is over."""

    def show(self, report: Report) -> None:
        """Print what stays of `report`; threads and precision are only in the log."""
        if report.kind == "update":
            self._estimate(report)
        elif report.kind == "validation":
            self._bleu.append(report.figures["bleu"])
            self.console.print(self._validation(report))
        elif report.kind == "samples":
            self.console.print(self._samples(report))
        elif report.message and report.kind != "choice":
            if "cores" in report.figures:
                self.machine = report.message
            self.console.print(Text(f"  {report.message}", style="dim"))

    def lines(self, last: Report) -> list[Text]:
        """Position, figures and the course of dev BLEU."""
        facts = [f"  epoch {last.epoch + 1}, update {last.update:,}"]
        facts += [show(self.figures[name]) for name, show in LIVE if name in self.figures]
        line = Text(" · ".join(facts))
        if self._bleu:
            line.append(f" · dev BLEU {self._bleu[-1]:.1f} ")
            line.append(sparkline(self._bleu), "green")
        return [line]

    def _estimate(self, report: Report) -> None:
        """Say once, as soon as it is known, how long training will take."""
        left = self.figures.get("seconds_left")
        if self._estimated or left is None:
            return
        self._estimated = True
        limit = "" if self._limit is None else f", {clock(self._limit)} at most"
        text = f"  this will take {about(report.seconds + left)}{limit}"
        self.console.print(Text(text, style="dim"))

    def _samples(self, report: Report) -> Table:
        """Translations of dev sentences."""
        table = Table.grid(padding=(0, 1, 0, 0))
        for source, translation in report.samples:
            said = Text(translation or "(nothing)", style="green")
            table.add_row("   ", Text(source, style="dim"), Text("→", style="dim"), said)
        return table

    def _validation(self, report: Report) -> Text:
        best = report.figures["bleu"] >= report.figures["best_bleu"]
        left = self.figures.get("seconds_left")
        return Text.assemble(
            (f"  {clock(report.seconds):>7}", "dim"),
            (f"  update {report.update:>7,}", "dim"),
            f"   dev loss {report.figures['loss']:6.3f}",
            "   dev BLEU ",
            (f"{report.figures['bleu']:5.1f}", "bold green" if best else "green"),
            ("" if left is None else f"   {about(left)} left", "dim"),
        )
