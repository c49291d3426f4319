"""The text of a quickstart, read, cleaned, split and written to its folder."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from rich.text import Text

from latimer.quickstart import corpus, homeassistant
from latimer.quickstart.plan import Plan
from latimer.quickstart.verdict import too_few
from latimer.text.corpus.prepare import Prepared


def prepare_text(plan: Plan, console: Console) -> Prepared:
    """Read, clean and split the text, print the report, and write it to the folder."""
    if plan.files:
        console.print(Text(f"\nText: {', '.join(map(str, plan.files))}", style="bold"))
        prepared = corpus.read_own(plan.files, plan.languages)
    else:
        prepared = _home_assistant(plan, console)
    console.print(Padding(prepared.report.table(), (1, 0, 0, 2)))
    if few := too_few(len(prepared.train)):
        console.print(Text(f"\n{few}", style="yellow"))
    begun = (plan.out / "state").exists()
    corpus.write(prepared, plan.out / "corpus", plan.languages, begun)
    return prepared


def _home_assistant(plan: Plan, console: Console) -> Prepared:
    console.print(
        Text("\nText: the interface strings of Home Assistant, licence Apache-2.0", style="bold")
    )
    about = (
        f"The wheel {homeassistant.REQUIREMENT} is downloaded once (67 MB), verified, kept in "
        f"{homeassistant.cache_folder()} and read as a zip; it is never installed."
    )
    console.print(Padding(Text(about, style="dim"), (0, 2)))
    wheel = _fetch(console)
    with console.status("reading, cleaning, splitting …"):
        return corpus.read_home_assistant(wheel, plan.languages)


def _fetch(console: Console) -> Path:
    """The wheel; in a terminal a bar shows how much of it has arrived."""
    text = TextColumn("  {task.description}")
    columns = (text, BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task("getting ready …", total=None)

        def show(so_far: int, total: int | None) -> None:
            what = (
                f"downloading {homeassistant.REQUIREMENT}" if so_far else "looking for the wheel …"
            )
            progress.update(task, completed=so_far, total=total, description=what)

        return homeassistant.fetch(on_progress=show)
