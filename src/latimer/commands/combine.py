"""`latimer combine`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from latimer.commands.search_options import Device, Threads

if TYPE_CHECKING:
    from latimer.engines.combined.combine import Combined


def combine(
    network: Annotated[Path, typer.Argument(help="Model folder of the engine neural.")],
    phrases: Annotated[Path, typer.Argument(help="Model folder of the engine phrases.")],
    dev: Annotated[
        tuple[Path, Path],
        typer.Option(metavar="SRC REF", help="Development set that weights are tuned on."),
    ],
    out: Annotated[Path, typer.Option(help="Folder to write.")],
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    threads: Threads = None,
    device: Device = "cpu",
) -> None:
    """Combine a network and a phrase-based model into one translator.

    Both propose translations, and weights tuned on the development set choose. Progress goes to
    standard error; the folder of the combined model to standard output.
    """
    import shlex
    import sys

    from latimer.errors import InputError
    from latimer.extras import require
    from latimer.formats.parallel import read_parallel

    if out.exists():
        raise InputError(f"{out}: is there already; name a new folder with --out")
    require("numba", "statistical", "latimer combine")
    from latimer.engines.combined.combine import combine as combine_models
    from latimer.engines.combined.options import CombinedOptions

    sources, references = read_parallel(*dev)
    made = combine_models(
        network, phrases, sources, references, out,
        options=CombinedOptions(device=device, threads=threads),
        notify=_silent if quiet else _tell,
        command=shlex.join(["latimer", *sys.argv[1:]]),
    )  # fmt: skip
    _announce(made, as_json)


def _tell(stage: str) -> None:
    typer.echo(f"latimer: {stage}", err=True)


def _silent(stage: str) -> None:
    pass


def _announce(made: Combined, as_json: bool) -> None:
    import json
    import shlex

    if as_json:
        shown = made._asdict() | {"folder": str(made.folder)}
        typer.echo(json.dumps({"model": shown.pop("folder"), **shown}, ensure_ascii=False))
        return
    typer.echo(made.folder)
    typer.echo(f"latimer: {made.message}", err=True)
    typer.echo(
        f"dev BLEU: network {made.network_bleu:.2f}, phrases {made.phrases_bleu:.2f}, "
        f"combined {made.combined_bleu:.2f}",
        err=True,
    )
    folder = shlex.quote(str(made.folder))
    typer.echo(f"Use it with: latimer translate {folder} < text.txt", err=True)
