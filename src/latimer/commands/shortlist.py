"""`latimer shortlist`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def shortlist(
    model: Annotated[Path, typer.Argument(help="Model folder.")],
    source: Annotated[Path, typer.Argument(metavar="SRC", help="Text it has learnt from.")],
    target: Annotated[Path, typer.Argument(metavar="TGT", help="Its translation, by line.")],
) -> None:
    """Learn which pieces may translate which, for a model that was trained without.

    Search then looks at a part of the vocabulary. Training does the same for its own models.
    """
    from latimer.files import write_atomically
    from latimer.formats.parallel import ParallelText
    from latimer.model.folder import SHORTLIST, load_translator
    from latimer.text.model1 import lexicon_of_texts

    vocabulary = load_translator(model).vocabulary
    lexicon = lexicon_of_texts(vocabulary, ParallelText(source, target))
    write_atomically(model / SHORTLIST, lexicon.save)
    typer.echo(f"latimer: written: {model / SHORTLIST}", err=True)
