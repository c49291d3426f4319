"""The quickstart's second part: learning from reward, and its gain."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latimer.files import write_folder_atomically
from latimer.metrics.significance import Comparison
from latimer.recipe import load_recipe, override_recipe
from latimer.train.loop.interruption import Interrupted
from latimer.train.run.improvement import improvement
from latimer.train.run.run import train

OBJECTIVE = "reinforce"

LEAST_BLEU = 10.0
"""Least dev BLEU of a translator whose samples differ enough in quality to learn from reward."""

Compared = dict[str, dict[str, Comparison]]
"""BLEU before and after, by the name of the part, then by the search."""


@dataclass(frozen=True)
class Gain:
    """The result of learning from reward."""

    minutes: float
    """Minutes of training, over all runs in the folder."""
    updates: int
    compared: Compared
    kept: bool
    """Whether dev BLEU with the default search improved; otherwise the old model is offered."""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        scores = {
            part: {search: _figures(found) for search, found in searches.items()}
            for part, searches in self.compared.items()
        }
        return {"minutes": self.minutes, "updates": self.updates, "kept": self.kept, **scores}


def _figures(found: Comparison) -> dict[str, Any]:
    return {
        "before": found.first,
        "after": found.second,
        "difference": found.difference,
        "interval": [found.low, found.high],
        "p_value": found.p_value,
        "clear": found.clear,
    }


def worth_improving(dev_bleu: float, copying: float) -> str | None:
    """Why learning from reward would not help, as a sentence; None if it may.

    `dev_bleu` and `copying` are BLEU on dev, 0 to 100, of the translator and of copied sources.
    Reward ranks the translations that a model samples, so some of them have to be good.
    """
    what = "Learning from reward is left out: it needs a translator with"
    if round(dev_bleu, 1) < LEAST_BLEU:  # as it is shown
        return f"{what} BLEU {LEAST_BLEU:g} or more on dev, and this one has {dev_bleu:.1f}."
    if dev_bleu <= copying:
        return (
            f"{what} more BLEU on dev than copying the source ({copying:.1f}), "
            f"and this one has {dev_bleu:.1f}."
        )
    return None


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

    A run that started from other weights than those of `model` is replaced by a new one. The model
    is None when the run was interrupted before there was any.
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
    """Replace `folder` by a copy of the model folder."""
    if model != folder:

        def fill(inside: Path) -> None:
            shutil.copytree(model, inside, dirs_exist_ok=True)

        write_folder_atomically(folder, fill)


def _weights(model: Path) -> bytes | None:
    path = model / "weights.safetensors"
    return path.read_bytes() if path.is_file() else None


def _began_with(run: Path, start: Path) -> bool:
    """Whether the run, if there is one, started from the model in the folder `start`."""
    recipe = run / "recipe.yaml"
    return not recipe.is_file() or load_recipe(recipe).start == start
