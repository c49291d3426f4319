"""`latimer improve`."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Annotated, Any

import typer

OBJECTIVES = (
    "reinforce", "minimum_risk", "ppo", "actor_critic", "scheduled_sampling", "likelihood"
)  # fmt: skip


def improve(
    model: Annotated[Path, typer.Argument(help="Folder of the translator to improve.")],
    run: Annotated[
        Path, typer.Option("--run", help="Folder of the run; continued if it holds one.")
    ],
    objective: Annotated[
        str, typer.Option(help=f"What to learn by: {', '.join(OBJECTIVES)}.")
    ] = "reinforce",
    minutes: Annotated[
        float, typer.Option(min=0.01, help="Training time in all; a greater one continues a run.")
    ] = 10.0,
    corpus: Annotated[
        Path | None,
        typer.Option(help="Folder that `latimer corpus` wrote, if not the text it was made from."),
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Override a key of the recipe."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of every random choice.")] = 1,
    device: Annotated[str, typer.Option(help="cpu, cuda or cuda:N.")] = "cpu",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Improve a translator by reinforcement learning on sentence BLEU of what it writes itself.

    Progress goes to standard error; the folder of the finished model to standard output.
    """
    import os
    import shlex
    import sys
    from contextlib import nullcontext

    from latimer.commands.train import announce, data_settings
    from latimer.recipe import override_recipe

    tree = improvement(model, objective, minutes, seed)
    chosen = [*data_settings(corpus), *(overrides or [])]
    recipe = override_recipe(tree, str(model / "config.json"), {}, chosen)

    from latimer.train.display import Display
    from latimer.train.run import train as train_run

    leads = os.environ.get("RANK", "0") == "0"  # torchrun numbers its processes
    with nullcontext() if quiet or not leads else Display() as display:
        folder = train_run(
            recipe, run, device=device, on_event=display,
            command=shlex.join(["latimer", *sys.argv[1:]]),
        )  # fmt: skip
    if leads:
        announce(folder, as_json)


def improvement(model: Path, objective: str, minutes: float, seed: int) -> dict[str, Any]:
    """The recipe, as nested dicts, that goes on from `model`: its own network, text and subwords.

    Raises InputError for a folder that holds no translator and for an unknown objective.
    """
    import json

    from latimer.errors import InputError

    if objective not in OBJECTIVES:
        raise InputError(f"--objective {objective}: choose one of {', '.join(OBJECTIVES)}")
    path = model / "config.json"
    try:
        config = json.loads(path.read_bytes())
        vocabulary = config["vocabulary"]
        data = {part: dict(config["data"][part]) for part in ("train", "dev")}
        languages, network = config["languages"], config["network"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path}: not the description of a model that `latimer train` made; "
            "name the folder of such a model"
        ) from error
    for files in data.values():
        files.pop("pairs", None)
    return {
        "seed": seed,
        "start": str(model),
        "data": {
            **data,
            "source_language": languages.get("source") or "",
            "target_language": languages.get("target") or "",
        },
        "subwords": {
            "kind": vocabulary.get("kind", "bpe"),
            "size": vocabulary.get("size", 8000),
            "joint": vocabulary.get("joint", True),
            "placeholders": vocabulary.get("placeholders", True),
            "model": str(model),
        },
        "model": network,
        "training": {**TRAINING, "max_minutes": float(minutes)},
        "objective": {"kind": objective},
        **({} if objective != "actor_critic" else deepcopy(ACTOR_CRITIC)),
        "search": config.get("search", {}),
    }


ACTOR_CRITIC: dict[str, Any] = {
    "objective": {"kind": "actor_critic", "samples": 1, "likelihood": 0.1},
    "critic": {"target": "monte_carlo", "pretraining": 300, "penalty": 0.01, "rate": 20.0},
}
"""A critic that has not learnt enough leads astray; returns teach it the quickest."""

TRAINING: dict[str, Any] = {
    "batch_tokens": 1000, "learning_rate": 1e-4, "warmup": 20, "schedule": "constant",
    "cooldown": 0.5, "patience": None, "validate_every": 50, "average": 3,
}  # fmt: skip
"""What goes on from a model that has converged takes smaller steps and looks more often."""
