"""`latimer improve`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def improve(
    model: Annotated[Path, typer.Argument(help="Folder of the translator to improve.")],
    run: Annotated[
        Path, typer.Option("--run", help="Folder of the run; continued if it holds one.")
    ],
    objective: Annotated[
        str,
        typer.Option(help="Any objective.kind of a recipe: reinforce, minimum_risk, ppo, …"),
    ] = "reinforce",
    minutes: Annotated[
        float,
        typer.Option(
            min=0.01, help="Total training time; a larger value continues a finished run."
        ),
    ] = 10.0,
    corpus: Annotated[
        Path | None,
        typer.Option(
            help="Folder that `latimer corpus` wrote.  [default: the text the model was trained on]"
        ),
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Override a key of the recipe."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Random seed.")] = 1,
    device: Annotated[str, typer.Option(help="cpu, cuda or cuda:N.")] = "cpu",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Improve a translator by reinforcement learning; the reward is sentence BLEU of its samples.

    `--set objective.reward=…` names another reward.

    Progress goes to standard error; the folder of the finished model to standard output.
    """
    import os
    import shlex
    import sys
    from contextlib import nullcontext

    from latimer.commands.train import announce, data_settings
    from latimer.commands.user_modules import find_user_modules
    from latimer.recipe import override_recipe
    from latimer.train.run.improvement import improvement

    find_user_modules()
    tree = improvement(model, objective, minutes, seed, run)
    chosen = [*data_settings(corpus), *(overrides or [])]
    recipe = override_recipe(tree, str(model / "config.json"), {}, chosen)

    from latimer.train.loop.display import Display
    from latimer.train.run.run import train as train_run

    leads = os.environ.get("RANK", "0") == "0"  # torchrun numbers its processes
    with nullcontext() if quiet or not leads else Display() as display:
        folder = train_run(
            recipe, run, device=device, on_event=display,
            command=shlex.join(["latimer", *sys.argv[1:]]),
        )  # fmt: skip
    if leads:
        announce(folder, as_json)
