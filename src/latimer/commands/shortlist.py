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
    from latimer.errors import InputError
    from latimer.files import write_atomically
    from latimer.formats.parallel import ParallelText
    from latimer.model import SHORTLIST, load_model
    from latimer.text.model1 import lexicon_of_texts

    found = load_model(model)
    if found.config["network"].get("kind") == "language_model":
        raise InputError(f"{model}: a language model, which translates nothing")
    lexicon = lexicon_of_texts(found.vocabulary, ParallelText(source, target))
    write_atomically(model / SHORTLIST, lexicon.save)
    typer.echo(f"latimer: written: {model / SHORTLIST}", err=True)
