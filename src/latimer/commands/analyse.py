"""`latimer analyse`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from latimer.commands.search_options import Device, MaxLength, Threads

if TYPE_CHECKING:
    from latimer.analysis.search_errors import Analysis


def analyse(
    what: Annotated[str, typer.Argument(help="search: search errors by beam width.")],
    model: Annotated[Path, typer.Argument(help="Model folder.")],
    source: Annotated[Path, typer.Argument(help="Sentences, one a line.")],
    reference: Annotated[Path, typer.Argument(help="Their translations, line by line.")],
    beams: Annotated[
        str, typer.Option(help="Beam widths, separated by commas; 1 is greedy search.")
    ] = "1,2,5,10,100",
    normalisation: Annotated[
        str, typer.Option(help="Score to maximise: none (log P), power or gnmt.")
    ] = "none",
    alpha: Annotated[float, typer.Option(help="Exponent of length normalisation.")] = 1.0,
    budget: Annotated[
        int, typer.Option(min=1, help="Most prefixes of a sentence that exact search expands.")
    ] = 100_000,
    sentences: Annotated[
        int | None, typer.Option(min=1, help="Number of sentences, from the first.  [default: all]")
    ] = None,
    max_length: MaxLength = None,
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the results by beam width (.png).")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    threads: Threads = None,
    device: Device = "cpu",
    precision: Annotated[
        str, typer.Option(help="Precision of matrix products: auto, fp32, fp16 or int8.")
    ] = "auto",
) -> None:
    """Compare beam search with exact search: search errors, BLEU and lengths."""
    from latimer.analysis.search_errors import Sentences, analyse_search
    from latimer.commands.streams import open_output
    from latimer.engines.neural.engine import NeuralEngine, Working
    from latimer.errors import InputError
    from latimer.formats.parallel import read_parallel
    from latimer.model.folder import load_translator
    from latimer.search.reading import read_search
    from latimer.search.strategies import Exact

    if what != "search":
        raise InputError(f"analyse {what}: valid choices: search")
    if picture is not None and picture.suffix.lower() != ".png":
        raise InputError(f"--picture {picture}: end the name in .png")
    widths = _widths(beams)
    texts, references = read_parallel(source, reference)
    exact = read_search(
        {"kind": "exact", "normalisation": normalisation, "alpha": alpha, "budget": budget}
    )
    assert isinstance(exact, Exact)
    for width in widths:  # refuses impossible ones before the hours of exact search
        read_search({"width": width})
    working = Working(threads, precision, shortlist="off")
    found = analyse_search(
        NeuralEngine(load_translator(model, device), working=working),
        Sentences(texts[:sentences], references[:sentences]), exact, beams=widths,
        max_length=max_length, progress=lambda text: typer.echo(text, err=True),
    )  # fmt: skip
    if picture is not None:
        from latimer.plots.figure import save_figure
        from latimer.plots.search import draw_search

        save_figure(draw_search(found.found, f"{model.name}, score {normalisation}"), picture)
    with open_output(None) as out:
        out.write(_json(found) if json else _text(found))


def _widths(text: str) -> list[int]:
    from latimer.errors import InputError

    try:
        widths = [int(part) for part in text.split(",")]
    except ValueError:
        widths = []
    if not widths or min(widths) < 1:
        raise InputError(f"--beams {text}: expected whole numbers from 1 with commas, as 1,5,10")
    return widths


def _json(found: Analysis) -> str:
    from dataclasses import asdict
    from json import dumps

    return dumps(asdict(found), indent=2) + "\n"


def _text(found: Analysis) -> str:
    lines = [
        f"{found.sentences} sentences, the best translation of {found.proven} proven",
        f"{'':<10}{'errors':>8}{'BLEU':>7}{'length':>8}{'empty':>8}{'short':>8}{'seconds':>9}",
    ]
    for entry in found.found:
        name = "exact" if entry.beam is None else f"beam {entry.beam}"
        lines.append(
            f"{name:<10}{_percent(entry.errors)}{entry.bleu:>7.1f}{entry.length_ratio:>8.2f}"
            f"{_percent(entry.empty)}{_percent(entry.short)}{entry.seconds:>9.1f}"
        )
    lines.append(
        "errors: of the proven, a worse one was returned; length: tokens to those of the "
        "reference;\nempty and short: of all, but for exact search of the proven; short: less than "
        "half the\nreference's words, or characters where words are not written apart"
    )
    return "\n".join(lines) + "\n"


def _percent(share: float | None) -> str:
    return f"{'–':>8}" if share is None else f"{share:>8.1%}"
