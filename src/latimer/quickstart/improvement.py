"""The quickstart's second part: minutes of learning from reward, and what they were worth."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latimer.files import write_folder_atomically
from latimer.recipe import load_recipe, override_recipe
from latimer.train.improvement import improvement
from latimer.train.interruption import Interrupted
from latimer.train.run import train

OBJECTIVE = "reinforce"

Bleu = dict[str, dict[str, float]]
"""By the name of the part, then by the search."""


@dataclass(frozen=True)
class Gain:
    """What learning from reward changed."""

    minutes: float
    """Of training, over all sittings."""
    updates: int
    before: Bleu
    after: Bleu
    kept: bool
    """Whether dev, searched as by default, got better; if not, the old model is offered."""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        scores = {
            part: {
                search: {"before": value, "after": self.after[part][search]}
                for search, value in searches.items()
            }
            for part, searches in self.before.items()
        }
        return {"minutes": self.minutes, "updates": self.updates, "kept": self.kept, **scores}


def improve(
    out: Path,
    model: Path,
    *,
    minutes: float,
    seed: int,
    threads: int | None,
    on_event: Callable[[Any], None],
    command: str,
) -> tuple[Path | None, Interrupted | None]:
    """Improve `model` in `out/improved`; the better model, and the interruption if there was one.

    A run that began with other weights than those of `model` is begun anew. The model is None when
    the interruption came before there was any.
    """
    start, run = out / "models" / "likelihood", out / "improved"
    if _weights(start) != _weights(model) or not _began_with(run, start):
        shutil.rmtree(run, ignore_errors=True)
        copy(model, start)
    tree = improvement(start, OBJECTIVE, minutes, seed, run)
    chosen = [] if threads is None else [f"training.threads={threads}"]
    recipe = override_recipe(tree, str(start / "config.json"), {}, chosen)
    try:
        return train(recipe, run, on_event=on_event, command=command), None
    except Interrupted as interrupted:
        best = run / "models" / "best"
        return best if best.is_dir() else None, interrupted


def copy(model: Path, folder: Path) -> None:
    """Put a copy of the model folder in the place of `folder`."""
    if model != folder:

        def fill(inside: Path) -> None:
            shutil.copytree(model, inside, dirs_exist_ok=True)

        write_folder_atomically(folder, fill)


def _weights(model: Path) -> bytes | None:
    path = model / "weights.safetensors"
    return path.read_bytes() if path.is_file() else None


def _began_with(run: Path, start: Path) -> bool:
    """Whether the run, if there is one, is that of a model in the same place."""
    recipe = run / "recipe.yaml"
    return not recipe.is_file() or load_recipe(recipe).start == start
