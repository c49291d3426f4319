"""`latimer translate`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from latimer.commands.search_options import (
    Alpha,
    BatchTokens,
    Beam,
    Device,
    MaxLength,
    Normalisation,
    Precision,
    Stop,
    Threads,
    load_translator,
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
    beam: Beam = 5,
    alpha: Alpha = 1.0,
    normalisation: Normalisation = "power",
    stop: Stop = "safe",
    nbest: Annotated[
        int,
        typer.Option(help="So many for each line, as `line ||| text ||| score`; lines from 0."),
    ] = 1,
    max_length: MaxLength = None,
    batch_tokens: BatchTokens = 2048,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    threads: Threads = None,
    device: Device = "cpu",
    precision: Precision = "auto",
) -> None:
    """Translate lines: one line out for every line in, in order; blank lines stay blank."""
    from latimer.commands.streams import in_chunks, open_output, stdin_lines
    from latimer.files import read_lines

    translator = load_translator(model, device, threads, precision)
    run = partial(
        translator.translate,
        beam=beam,
        alpha=alpha,
        normalisation=normalisation,
        stop=stop,
        nbest=nbest,
        max_length=max_length,
        batch_tokens=batch_tokens,
    )
    run([])  # refuses impossible settings before a line is read
    path = None if file is None or str(file) == "-" else file
    lines = stdin_lines() if path is None else read_lines(path)
    with open_output(output, path) as out:
        number = 0
        for chunk in in_chunks(lines, FIRST_CHUNK, CHUNK):
            for translation in run(chunk):
                out.writelines(line + "\n" for line in _shown(translation, number, nbest, json))
                number += 1
            out.flush()


def _shown(translation: Translation, number: int, nbest: int, json: bool) -> Iterator[str]:
    """The lines that show one translation of line `number`, counted from 0."""
    if translation.parts > 1:
        note = f"line {number + 1} is very long: translated in {translation.parts} parts"
        typer.echo(f"latimer: {note}", err=True)
    if json:
        yield _as_json(translation)
    elif nbest == 1:
        yield translation.text
    else:
        shown = [(translation.text, translation.score)]
        shown += [(other.text, other.score) for other in translation.alternatives]
        for text, score in shown:
            yield f"{number} ||| {text} ||| {score:.6f}"


def _as_json(translation: Translation) -> str:
    from json import dumps

    shown = {
        "source": translation.source,
        "text": translation.text,
        "score": translation.score,
        "alternatives": [{"text": a.text, "score": a.score} for a in translation.alternatives],
    }
    return dumps(shown, ensure_ascii=False)
