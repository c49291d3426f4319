"""`latimer average`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def average(
    models: Annotated[list[Path], typer.Argument(metavar="MODEL…", help="Model folders.")],
    to: Annotated[Path, typer.Option(help="Folder to write.")],
    start: Annotated[
        Path | None, typer.Option(help="Model that all of them were trained from.")
    ] = None,
    extrapolation: Annotated[
        float,
        typer.Option(help="Factor of the step from --start to the mean; 1 is the mean itself."),
    ] = 1.0,
) -> None:
    """Average the weights of several models that were trained from the same one.

    The average of several seeds of `latimer improve` is usually better than one of them, and
    translates as fast.
    """
    from latimer.errors import InputError
    from latimer.model.card import model_card
    from latimer.model.folder import save_model
    from latimer.train.checkpoint.model_average import average_models

    if to.exists():
        raise InputError(f"{to}: is there already; name a new folder with --to")
    model = average_models(models, start, extrapolation)
    names = " ".join(str(folder) for folder in models)
    more = "" if start is None else f" --start {start} --extrapolation {extrapolation:g}"
    save_model(to, model, model_card(model.config, command=f"latimer average {names}{more}"))
    typer.echo(
        f"latimer: written: {to}; `latimer evaluate {to} SRC REF` says what it gains", err=True
    )
