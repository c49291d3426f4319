"""The network and the phrases of a quickstart together."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.text import Text

from latimer.errors import InputError
from latimer.quickstart.judge import Judge
from latimer.quickstart.offer import Candidate
from latimer.quickstart.plan import Plan

PAIRS = 400
"""Pairs of dev that the weights of a combination are tuned on, at most."""


def combined(
    plan: Plan, network: Path, phrases: Path, judge: Judge, console: Console
) -> list[Candidate]:
    """The combination and its scores; nothing where there is no dev to tune it on.

    Raises LatimerError when the disk refuses.
    """
    dev = judge.unaided.get("dev")
    if dev is None:
        return []
    from latimer.engines.combined.combine import combine

    console.print(Text("\nNetwork and phrases together", style="bold"))
    folder = plan.out / "models" / "combined"
    try:
        with console.status("tuning the combination …"):
            made = combine(
                network, phrases, dev.sources[:PAIRS], dev.references[:PAIRS], folder,
                command=plan.command,
            )  # fmt: skip
    except InputError as error:
        console.print(Text(f"  not combined: {error}", style="yellow"))
        return []
    console.print(Text(f"  {made.message}"), soft_wrap=True)
    with console.status("translating dev and test …"):
        return [Candidate("combined", folder, judge.parts(folder))]
