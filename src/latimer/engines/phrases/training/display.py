"""Progress of training a phrase-based model, on standard error."""

from __future__ import annotations

import sys
from typing import Any, Self

from rich.console import Console
from rich.status import Status


class Display:
    """Shows the lines of a run's log: one line for each step, and a spinner in a terminal."""

    def __init__(self, console: Console | None = None) -> None:
        """`console` is standard error by default."""
        self.console = console or Console(file=sys.stderr, highlight=False, soft_wrap=True)
        self._status: Status | None = None

    def __enter__(self) -> Self:
        """Start the spinner if there is a terminal."""
        if self.console.is_terminal:
            self._status = self.console.status("reading the texts …")
            self._status.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._status is not None:
            self._status.stop()

    def __call__(self, report: dict[str, Any]) -> None:
        """Show one line of the log."""
        text = _TEXTS.get(report["event"], "").format(**report)
        if not text:
            return
        if self._status is not None:
            self._status.update(text)
        if report["event"] != "step" or self._status is None:
            self.console.print(f"  {report['seconds']:7.1f} s  {text}", markup=False)


_TEXTS = {
    "step": "{doing} …",
    "learnt": "learnt from {pairs:,} pairs",
    "round": "tuning, round {number}: BLEU of the development set {dev_bleu:.1f}",
    "tuned": "{message}",
}
