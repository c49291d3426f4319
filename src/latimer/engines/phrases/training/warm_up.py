"""Compile what phrase-based models need, so that it is ready when a text has been read.

Compiled functions are kept on disk: only the first call on a machine takes time. `start` compiles
in a process of its own, beside other work; `python -m latimer.engines.phrases.training.warm_up` is
that process.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

WORDS = "abcdefgh"
_DEV = 120
"""Sentences of the development set: as many as tuning needs, and more."""


def start() -> subprocess.Popen[bytes] | None:
    """The process that compiles, or None where there can be none."""
    try:
        return subprocess.Popen(
            [sys.executable, "-m", "latimer.engines.phrases.training.warm_up"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    except OSError:
        return None


def warm_up() -> None:
    """Train and use a model of a made-up language."""
    from latimer.engines.phrases.training.run import train
    from latimer.engines.registry import load
    from latimer.recipe import load_any_recipe
    from latimer.recipe.phrases import PhrasesRecipe

    with TemporaryDirectory() as name:
        folder = Path(name)
        chosen = ["tuning.rounds=1", "tuning.candidates=5"]
        for part, count in (("train", 60), ("dev", _DEV)):
            lines = [_sentence(number) for number in range(count)]
            for side, made in (("source", str.lower), ("target", str.upper)):
                file = folder / f"{part}.{side}"
                file.write_text("".join(made(one) + "\n" for one in lines), "utf-8")
                chosen.append(f"data.{part}.{side}={file}")
        recipe = load_any_recipe("koehn2003", chosen)
        assert isinstance(recipe, PhrasesRecipe)
        with load(train(recipe, folder / "run")) as translator:
            translator.translate(["a b c"])


def _sentence(number: int) -> str:
    return " ".join(WORDS[(number * step + step) % len(WORDS)] for step in range(1, 7)) + " ."


if __name__ == "__main__":
    warm_up()
