"""`latimer translate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latimer.commands.search_options import (
    Beam,
    EngineDevice,
    Given,
    GlossaryFile,
    MaxLength,
    Must,
    Prefix,
    Set,
    Threads,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from latimer.engines.translator import Translation

FIRST_CHUNK, CHUNK = 64, 1024
"""Lines translated together: few at first, so that a reader soon sees something."""


def translate(
    model: Annotated[Path, typer.Argument(help="Model folder.")],
    file: Annotated[
        Path | None,
        typer.Argument(help="Text (or .gz), one sentence a line; stdin if absent or -."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write to this file, not to stdout.")
    ] = None,
    beam: Beam = None,
    nbest: Annotated[
        int | None,
        typer.Option(
            help="Translations of each line, as `line ||| text ||| score`; lines count from 0.  "
            "[default: 1]"
        ),
    ] = None,
    sample: Annotated[
        bool,
        typer.Option(
            "--sample", help="Sample --nbest translations of each line instead of searching."
        ),
    ] = False,
    glossary: GlossaryFile = None,
    must: Must = None,
    prefix: Prefix = None,
    max_length: MaxLength = None,
    settings: Set = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    trace: Annotated[
        bool,
        typer.Option(
            "--trace", help="Write which rules were applied where to standard error; rules only."
        ),
    ] = False,
    threads: Threads = None,
    device: EngineDevice = None,
) -> None:
    """Translate lines: one line out for every line in, in order; blank lines stay blank."""
    from latimer.commands.streams import in_chunks, open_output, stdin_lines
    from latimer.commands.user_modules import find_user_modules
    from latimer.files import read_lines

    find_user_modules()
    given = Given(
        {
            "search.kind": ("--sample", "sampling" if sample else None),
            "search.width": ("--beam", beam),
            "search.samples" if sample else "search.nbest": ("--nbest", nbest),
            "constraints.glossary": ("--glossary", glossary),
            "constraints.phrases": ("--must", must),
            "constraints.prefix": ("--prefix", prefix),
            "constraints.max_length": ("--max-length", max_length),
            "engine.threads": ("--threads", threads),
            "engine.device": ("--device", device),
            "engine.trace": ("--trace", trace or None),
        },
        settings,
    )
    with given.translator(model) as translator:
        search, constraints = given.search(translator), given.constraints()
        given.check(translator, search, constraints)  # before a line is read
        path = None if file is None or str(file) == "-" else file
        lines = stdin_lines() if path is None else read_lines(path)
        shown = _json_lines if json else _plain_lines
        with open_output(output, path) as out:
            number = too_long = 0
            for chunk in in_chunks(lines, FIRST_CHUNK, CHUNK):
                for found in translator.translate(chunk, search, constraints=constraints):
                    _note(found, number)
                    too_long += found.parts > 1
                    out.writelines(line + "\n" for line in shown(found, number, search.outputs))
                    number += 1
                out.flush()
    if too_long:
        note = f"{too_long:,} of {number:,} lines ({too_long / number:.1%}) were too long"
        typer.echo(f"latimer: {note} and translated in parts", err=True)


def _note(translation: Translation, number: int) -> None:
    """Tell on standard error what a reader should know of line `number`, counted from 0."""
    if translation.parts > 1:
        note = f"line {number + 1} is too long: translated in {translation.parts} parts"
        typer.echo(f"latimer: {note}", err=True)
    if translation.gap:
        typer.echo(
            f"latimer: line {number + 1}: not proven best, another may score higher by up to "
            f"{translation.gap:.4g}; raise search.budget",
            err=True,
        )


def _plain_lines(translation: Translation, number: int, outputs: int) -> Iterator[str]:
    if outputs == 1:
        yield translation.text
        return
    shown = [(translation.text, translation.score)]
    shown += [(other.text, other.score) for other in translation.alternatives]
    for text, score in shown:
        yield f"{number} ||| {text} ||| {score:.6f}"


def _json_lines(translation: Translation, number: int, outputs: int) -> Iterator[str]:
    from json import dumps
    from math import isfinite

    shown: dict[str, Any] = {
        "source": translation.source,
        "text": translation.text,
        "score": translation.score,
        "alternatives": [{"text": a.text, "score": a.score} for a in translation.alternatives],
    }
    if translation.gap is not None:
        shown["proven"] = translation.gap == 0
        shown["gap"] = translation.gap if isfinite(translation.gap) else None
    yield dumps(shown, ensure_ascii=False)
