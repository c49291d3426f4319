"""What training looks like while it goes on.

A line for every validation, and in a terminal a live block below them: time, speed, loss, dev BLEU.
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

from latimer.train.log import Report, clock

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


class TrainingDisplay:
    """Shows the reports of a run that trains for `seconds` in all; call it with each of them.

    A context manager: while it is entered, the live block stands at the end of `console`.
    """

    def __init__(
        self, console: Console, seconds: float, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._console = console
        self._budget = seconds
        self._now = now
        self._heard = now()
        self._live: Live | None = None
        self.last: Report | None = None
        """The latest report."""
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
        elif report.kind == "validation":
            self._bleu.append(report.figures["bleu"])
            self._console.print(self._validation(report))
        elif report.message:
            self._console.print(Text(f"  {report.message}", style="dim"))

    def _validation(self, report: Report) -> Text:
        best = report.figures["bleu"] >= report.figures["best_bleu"]
        return Text.assemble(
            (f"  {clock(report.seconds):>7}", "dim"),
            (f"  update {report.update:>7,}", "dim"),
            f"   dev loss {report.figures['loss']:6.3f}",
            "   dev BLEU ",
            (f"{report.figures['bleu']:5.1f}", "bold green" if best else "green"),
        )

    def seconds(self) -> float:
        """Of training so far; runs on between two reports."""
        return (self.last.seconds if self.last else 0.0) + self._now() - self._heard

    def block(self) -> RenderableType:
        """The live block."""
        if self.last is None:
            return Text("  getting ready …", style="dim")
        spent = min(self.seconds(), self._budget)
        bar = Table.grid(padding=(0, 2, 0, 0))
        bar.add_row(
            "",
            ProgressBar(total=self._budget, completed=spent, width=36),
            Text(f"{clock(spent)} of {clock(self._budget)}", style="bold"),
            Text(f"{clock(self._budget - spent)} left"),
        )
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
