"""`latimer sample`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from latimer.commands.search_options import Device


def sample(
    model: Annotated[Path, typer.Argument(help="Folder of a language model.")],
    count: Annotated[int, typer.Option(help="Number of sentences.")] = 10,
    prefix: Annotated[str, typer.Option(help="Text that every sentence begins with.")] = "",
    temperature: Annotated[
        float, typer.Option(help="Softmax temperature; below 1 is less random.")
    ] = 1.0,
    top_k: Annotated[int | None, typer.Option(help="Draw from the K most probable pieces.")] = None,
    top_p: Annotated[
        float | None, typer.Option(help="Draw from the fewest pieces that hold this probability.")
    ] = (None),
    max_length: Annotated[
        int, typer.Option(min=1, max=5000, help="Maximum length in pieces.")
    ] = 100,
    seed: Annotated[int, typer.Option(min=0, help="Random seed.")] = 0,
    device: Device = "cpu",
) -> None:
    """Draw sentences from a language model, one a line."""
    from latimer.engines.neural.sampling import draw_sentences
    from latimer.errors import InputError
    from latimer.model.folder import load_model
    from latimer.search.strategies import Sampling

    loaded = load_model(model, device)
    if loaded.config.reads_source:
        raise InputError(
            f"{model}: a translator, which needs a source; "
            f"`latimer translate {model} --sample` draws translations"
        )
    texts = draw_sentences(
        loaded, Sampling(count, temperature, top_k, top_p, seed),
        prefix=prefix, max_length=max_length,
    )  # fmt: skip
    for text in texts:
        typer.echo(text)
