"""`latimer shortlist`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def shortlist(
    model: Annotated[Path, typer.Argument(help="Model folder.")],
    source: Annotated[
        Path, typer.Argument(metavar="SRC", help="Source side of its training text.")
    ],
    target: Annotated[Path, typer.Argument(metavar="TGT", help="Target side, line by line.")],
) -> None:
    """Add a shortlist to a model without one: the likely translations of each source piece.

    Search then computes only a part of the vocabulary. `latimer train` adds a shortlist by itself.
    """
    from latimer.files import write_atomically
    from latimer.formats.parallel import ParallelText
    from latimer.model.folder import SHORTLIST, load_translator
    from latimer.text.model1 import lexicon_of_texts

    vocabulary = load_translator(model).vocabulary
    lexicon = lexicon_of_texts(vocabulary, ParallelText(source, target))
    write_atomically(model / SHORTLIST, lexicon.save)
    typer.echo(f"latimer: written: {model / SHORTLIST}", err=True)
