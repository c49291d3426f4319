"""Getting the outputs of all systems, with progress on the way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from latimer.compare.store import Store
from latimer.compare.systems import Kind, System
from latimer.compare.translated import Output, Translated, Ways, check_system, output_of
from latimer.errors import InputError


def translate_all(
    systems: Sequence[System],
    sources: Sequence[str],
    ways: Ways,
    store: Store | None,
    console: Console,
) -> list[Translated]:
    """The outputs of all systems, in order; files are read before anything is translated.

    In a terminal a bar shows how far a system is; a line stays for each that was translated.
    Raises as `output_of` does, and for a system without output.
    """
    for system in systems:
        _check_folders(system)
    found: dict[tuple[int, int], Output] = {}
    places = [(i, k) for i, system in enumerate(systems) for k in range(len(system.members))]
    places.sort(key=lambda place: systems[place[0]].members[place[1]].kind is Kind.TRANSLATOR)
    for i, k in places:
        found[i, k] = _one(systems[i], k, sources, ways, store, console)
        check_system(Translated(systems[i].name, (found[i, k],)))
    return [
        Translated(system.name, tuple(found[i, k] for k in range(len(system.members))))
        for i, system in enumerate(systems)
    ]


def _check_folders(system: System) -> None:
    """Raises InputError for a folder that holds no model, before the work on others begins."""
    from latimer.model.config import ModelConfig
    from latimer.model.reading import read_config

    for member in system.members:
        if member.kind is Kind.TRANSLATOR and Path(member.given).is_dir():
            read_config(member.given, ModelConfig)


def _one(
    system: System,
    number: int,
    sources: Sequence[str],
    ways: Ways,
    store: Store | None,
    console: Console,
) -> Output:
    member = system.members[number]
    if member.kind is not Kind.TRANSLATOR:
        return output_of(member, sources, ways)
    label = system.name if len(system.members) == 1 else f"{system.name} ({number + 1})"
    known = store.find(system, number, sources) if store else None
    if known is not None:
        console.print(Text(f"{label}: outputs taken from {store.folder if store else ''}"))
        return known
    try:
        output = _with_bar(
            label, len(sources), console, lambda report: output_of(member, sources, ways, report)
        )
    except InputError as error:
        if member.given in str(error):
            raise
        raise InputError(f"{label}: {error}") from error
    if store:
        store.keep(system, number, sources, output)
    seconds = output.cost.cpu_seconds
    console.print(Text(f"{label}: {len(sources):,} sentences in {seconds:.1f} CPU seconds"))
    return output


def _with_bar(
    label: str, total: int, console: Console, work: Callable[[Callable[[int], None]], Output]
) -> Output:
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    )  # fmt: skip
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task(label, total=total)
        return work(lambda done: progress.update(task, completed=done))
