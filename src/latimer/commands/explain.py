"""`latimer explain`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from latimer.engines.phrases.explanation import Explanation


def explain(
    model: Annotated[Path, typer.Argument(help="Folder of a phrase-based model.")],
    text: Annotated[str, typer.Argument(help="The text to translate.")],
    corpus: Annotated[
        Path | None,
        typer.Option(
            help="Folder that `latimer corpus` wrote, with the text that the model was trained "
            "on.  [default: the files named in the model, if they are still there]"
        ),
    ] = None,
    lines: Annotated[
        int, typer.Option(min=0, max=1000, help="Lines of the training text for each phrase.")
    ] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Show the phrases that a translation is made of, and where each was learnt."""
    import json
    import sys

    from latimer.engines.phrases.explanation import explain as explained
    from latimer.engines.phrases.explanation import memory_of
    from latimer.engines.phrases.loading import load_engine

    with load_engine(model) as engine:
        files = None if corpus is None else _training_files(corpus)
        memory = memory_of(engine, files) if lines else None
        found = explained(engine, text, memory, lines=lines)
    if as_json:
        print(json.dumps([one.as_dict() for one in found], ensure_ascii=False, indent=2))
        return
    for one in found:
        _show(one)
    if memory is None and lines:
        print(
            "latimer: the training text is not at hand, so no lines are shown; name its folder "
            "with --corpus",
            file=sys.stderr,
        )


def _training_files(folder: Path) -> tuple[Path, Path]:
    from latimer.text.corpus.written import open_written

    source, target = open_written(folder).files["train"]
    return source, target


def _show(one: Explanation) -> None:
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    console.print(Text(one.source, style="dim"))
    console.print(Text(one.translation, style="bold"))
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for name in ("source", "translation", "p", "seen"):
        table.add_column(name, justify="right" if name in ("p", "seen") else "left")
    for phrase in one.phrases:
        if phrase.probability is None:
            table.add_row(Text(phrase.source), Text(phrase.target), "", phrase.origin)
        else:
            seen = f"{phrase.count:,} ×"
            table.add_row(
                Text(phrase.source), Text(phrase.target), f"{phrase.probability:.2f}", seen
            )
    console.print(Padding(table, (1, 0, 1, 2)))
    for phrase in one.phrases:
        if phrase.lines:
            console.print(Text(f"  {phrase.source} → {phrase.target}", style="bold"))
        for line in phrase.lines:
            where = Text(f"    {line.number:>7}  ", style="dim")
            console.print(where + Text(f"{line.source}  →  {line.target}"), soft_wrap=True)
