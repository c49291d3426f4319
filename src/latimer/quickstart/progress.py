"""What training looks like while it goes on.

How long it will take, some translations now and then, a line for every validation, and in a
terminal a live block below them: time, speed, loss, dev BLEU.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from latimer.train.loop.log import Report, clock

BARS = "▁▂▃▄▅▆▇█"

LIVE: list[tuple[str, Callable[[float], str]]] = [
    ("nll", lambda value: f"loss {value:.2f}"),
    ("reward", lambda value: f"reward {value:.3f}"),
    ("tokens_per_second", lambda value: f"{value:,.0f} tokens/s"),
    ("sentences_per_second", lambda value: f"{value:,.0f} sentences/s"),
]
"""What the live line shows of an update's figures, if it is there."""


def sparkline(values: list[float], width: int = 24) -> str:
    """The last `width` values as bars between 0 and the greatest of them."""
    shown = values[-width:]
    top = max(shown, default=0.0) or 1.0
    return "".join(BARS[max(0, round(value / top * (len(BARS) - 1)))] for value in shown)


def about(seconds: float) -> str:
    """A time that is not known exactly, in words."""
    if seconds < 90:
        return f"about {max(10, 10 * round(seconds / 10))} seconds"
    return f"about {round(seconds / 60)} minutes"


class TrainingDisplay:
    """Shows the reports of a run; call it with each of them.

    A context manager: while it is entered, the live block stands at the end of `console`.
    """

    def __init__(
        self, console: Console, limit: float | None, now: Callable[[], float] = time.monotonic
    ) -> None:
        """`limit` is the time, in seconds, that training takes at most."""
        self._console = console
        self._limit = limit
        self._now = now
        self._told = False
        self._heard = now()
        self._live: Live | None = None
        self.last: Report | None = None
        """The latest report."""
        self.machine = ""
        """How much of the machine training had, in words, once it is over."""
        self._figures: dict[str, float] = {}
        self._bleu: list[float] = []

    def __enter__(self) -> TrainingDisplay:
        """Start the live block, if this is a terminal."""
        if self._console.is_terminal:
            self._live = Live(
                console=self._console,
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
        self.last, self._heard = report, self._now()
        if report.kind == "update":
            self._figures |= report.figures
            self._tell()
        elif report.kind == "validation":
            self._bleu.append(report.figures["bleu"])
            self._console.print(self._validation(report))
        elif report.kind == "samples":
            self._console.print(self._samples(report))
        elif report.message and report.kind != "choice":  # the log has these
            if "cores" in report.figures:
                self.machine = report.message
            self._console.print(Text(f"  {report.message}", style="dim"))

    def _tell(self) -> None:
        """Say once, as soon as it can be known, how long training will take."""
        left = self._figures.get("seconds_left")
        if self._told or left is None or self.last is None:
            return
        self._told = True
        limit = "" if self._limit is None else f", {clock(self._limit)} at most"
        text = f"  this will take {about(self.last.seconds + left)}{limit}"
        self._console.print(Text(text, style="dim"))

    def _samples(self, report: Report) -> Table:
        """Translations of sentences that are not learnt from."""
        table = Table.grid(padding=(0, 1, 0, 0))
        for source, translation in report.samples:
            said = Text(translation or "(nothing)", style="green")
            table.add_row("   ", Text(source, style="dim"), Text("→", style="dim"), said)
        return table

    def _validation(self, report: Report) -> Text:
        best = report.figures["bleu"] >= report.figures["best_bleu"]
        return Text.assemble(
            (f"  {clock(report.seconds):>7}", "dim"),
            (f"  update {report.update:>7,}", "dim"),
            f"   dev loss {report.figures['loss']:6.3f}",
            "   dev BLEU ",
            (f"{report.figures['bleu']:5.1f}", "bold green" if best else "green"),
            (self._left(), "dim"),
        )

    def _left(self) -> str:
        left = self._figures.get("seconds_left")
        return "" if left is None else f"   {about(left)} left"

    def seconds(self) -> float:
        """Of training so far; runs on between two reports."""
        return (self.last.seconds if self.last else 0.0) + self._now() - self._heard

    def block(self) -> RenderableType:
        """The live block."""
        if self.last is None:
            return Text("  getting ready …", style="dim")
        spent = self.seconds()
        bar = Table.grid(padding=(0, 2, 0, 0))
        cells: list[RenderableType] = ["", Text(clock(spent), style="bold")]
        left = self._figures.get("seconds_left")
        if left is not None:
            total = self.last.seconds + left
            left = max(0.0, total - spent)
            share = ProgressBar(total=max(total, 1e-9), completed=min(spent, total), width=36)
            cells = ["", share, Text(f"{clock(spent)}", style="bold"), Text(f"{clock(left)} left")]
        bar.add_row(*cells)
        return Group(Text(), bar, self._line(self.last))

    def _line(self, last: Report) -> Text:
        facts = [f"  epoch {last.epoch + 1}, update {last.update:,}"]
        if self._figures:
            facts += [show(self._figures[name]) for name, show in LIVE if name in self._figures]
        line = Text(" · ".join(facts))
        if self._bleu:
            line.append(f" · dev BLEU {self._bleu[-1]:.1f} ")
            line.append(sparkline(self._bleu), "green")
        return line
