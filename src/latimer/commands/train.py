"""`latimer train`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from latimer.recipe.phrases import PhrasesRecipe


def train(
    recipe: Annotated[
        str, typer.Argument(help="A YAML file, or the name of a recipe that comes with Latimer.")
    ],
    run: Annotated[
        Path, typer.Option("--run", help="Folder of the run; continued if it holds one.")
    ],
    corpus: Annotated[
        Path | None,
        typer.Option(help="Folder that `latimer corpus` wrote; sets the keys of `data`."),
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Override a key, such as model.cell=lstm."),
    ] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda or cuda:N.")] = "cpu",
    precision: Annotated[
        str | None, typer.Option(help="auto, fp32 or bf16; overrides training.precision.")
    ] = None,
    save_minutes: Annotated[
        float,
        typer.Option(min=0.0, help="Minutes between saved states; validations save one too."),
    ] = 5.0,
    report_every: Annotated[
        int, typer.Option(min=1, metavar="UPDATES", help="Updates between two lines of the log.")
    ] = 10,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Train a translator or a language model; a run that was stopped continues exactly.

    Progress goes to standard error; the folder of the finished model to standard output.
    """
    import os
    import shlex
    import sys
    from contextlib import nullcontext

    from latimer.commands.user_modules import find_user_modules
    from latimer.recipe import Recipe, load_any_recipe

    find_user_modules()
    chosen = [*data_settings(corpus), *(overrides or [])]
    if precision is not None:
        chosen.append(f"training.precision={precision}")
    loaded = load_any_recipe(recipe, chosen)
    if not isinstance(loaded, Recipe):
        announce(_train_phrases(loaded, run, quiet=quiet), as_json)
        return

    from latimer.train.loop.display import Display
    from latimer.train.run.run import train as train_run

    leads = os.environ.get("RANK", "0") == "0"  # torchrun numbers its processes
    with nullcontext() if quiet or not leads else Display() as display:
        folder = train_run(
            loaded,
            run,
            device=device,
            on_event=display,
            save_minutes=save_minutes,
            report_every=report_every,
            command=shlex.join(["latimer", *sys.argv[1:]]),
        )
    if leads:
        announce(folder, as_json)


def _train_phrases(recipe: PhrasesRecipe, run: Path, *, quiet: bool) -> Path:
    import shlex
    import sys
    from contextlib import nullcontext

    from latimer.engines.phrases.training.display import Display
    from latimer.extras import require

    require("numba", "statistical", "engine: phrases")
    from latimer.engines.phrases.training.run import train as train_run

    with nullcontext() if quiet else Display() as display:
        command = shlex.join(["latimer", *sys.argv[1:]])
        return train_run(recipe, run, on_event=display, command=command)


def data_settings(folder: Path | None) -> list[str]:
    """The keys of `data` that name the files in a corpus folder."""
    import json

    from latimer.text.corpus.written import open_written

    if folder is None:
        return []
    written = open_written(folder)
    settings = {
        "data.source_language": written.source_language,
        "data.target_language": written.target_language,
    }
    for part, (source, target) in written.files.items():
        settings |= {f"data.{part}.source": str(source), f"data.{part}.target": str(target)}
    # JSON is YAML in which nothing in a path can be mistaken for syntax.
    return [f"{key}={json.dumps(value)}" for key, value in settings.items()]


def announce(folder: Path, as_json: bool) -> None:
    """Say where the model is, how good it is, and what to do with it."""
    import json
    import sys

    from latimer.model.config import ModelConfig
    from latimer.model.kinds import MODEL_KINDS
    from latimer.model.reading import read_config

    config = read_config(folder, ModelConfig)
    if as_json:
        print(json.dumps({"model": str(folder), **config.scores.known()}))
        return
    print(folder)
    if config.scores.dev_bleu_greedy is not None:
        print(f"dev BLEU {config.scores.dev_bleu_greedy:.2f} (greedy)", file=sys.stderr)
    if config.scores.dev_bleu is not None:
        print(f"dev BLEU {config.scores.dev_bleu:.2f}", file=sys.stderr)
    if config.scores.dev_perplexity is not None:
        print(f"dev perplexity {config.scores.dev_perplexity:.2f}", file=sys.stderr)
    print(f"Use it with: {MODEL_KINDS[config.kind].use(folder)}", file=sys.stderr)
