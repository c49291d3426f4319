"""`latimer quickstart`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from latimer.errors import InputError
from latimer.formats.readers import ENDINGS

OUT, SEED, IMPROVE_MINUTES = Path("latimer-quickstart"), 1, 2.0


def quickstart(
    more: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE", help="Further files for --pairs.", show_default=False),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(help="Language to translate into.  [default: de]", show_default=False),
    ] = None,
    from_: Annotated[
        str | None,
        typer.Option("--from", help="Language of the source.  [default: en]", show_default=False),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(
            min=0.01,
            help="Total training time; a larger value continues a finished run.  [default: the "
            "recipe's updates, at most 18 minutes]",
            show_default=False,
        ),
    ] = None,
    improve_minutes: Annotated[
        float,
        typer.Option(
            min=0.0,
            help="Minutes of reinforcement learning after that; 0: none.",
        ),
    ] = IMPROVE_MINUTES,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder for everything that is written.")
    ] = OUT,
    pairs: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE…",
            help=f"Your own text instead: {ENDINGS}; or two text files, source first.",
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, help="Seed of every random choice in training.")
    ] = SEED,
    threads: Annotated[
        int | None, typer.Option(min=1, max=1024, help="CPU threads.  [default: every core]")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Train, improve, score and try a translator on real text in minutes; run again to go on.

    Without --pairs the text is the interface strings of Home Assistant (Apache-2.0), fetched once.
    """
    if more and not pairs:
        raise InputError(f"{more[0]}: write --pairs before your files")
    files = [*(pairs or []), *(more or [])]
    _check_out(out)

    import json

    from rich.console import Console

    from latimer.quickstart.corpus import languages_of
    from latimer.quickstart.plan import Plan
    from latimer.quickstart.report import show
    from latimer.quickstart.run import carry_out

    languages = languages_of(files, from_, to)
    again = _again(files, out, languages.source, languages.target, seed, threads, improve_minutes)
    plan = Plan(out, files, languages, minutes, improve_minutes, seed, threads, again)
    result = carry_out(plan, Console(stderr=True, highlight=False))
    if as_json:
        typer.echo(json.dumps(result.as_dict(), ensure_ascii=False, indent=2))
    else:
        show(result, Console(highlight=False))
    if result.interrupted:
        raise result.interrupted


def _check_out(out: Path) -> None:
    """Refuse a folder that cannot be one, before anything is fetched."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--out: cannot make {out}: {error.strerror or error}") from error


def _again(
    files: list[Path],
    out: Path,
    source: str,
    target: str,
    seed: int,
    threads: int | None,
    improve_minutes: float,
) -> list[str]:
    """The arguments that ask for the same once more; those that say the default are left out."""
    own = bool(files)
    told = [
        ("--from", source, own or source != "en"),
        ("--to", target, own or target != "de"),
        ("--out", str(out), out != OUT),
        ("--seed", str(seed), seed != SEED),
        ("--threads", str(threads), threads is not None),
        ("--improve-minutes", f"{improve_minutes:g}", improve_minutes != IMPROVE_MINUTES),
    ]
    words = [word for option, value, needed in told if needed for word in (option, value)]
    return [*words, "--pairs", *map(str, files)] if own else words
