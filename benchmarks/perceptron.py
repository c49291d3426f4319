"""Where a network of fixed length ends: BLEU by length, beside simpler and later ways.

Trains the recipe `perceptron` on Multi30k, for so many updates, and scores it on test_2016_flickr
with beam 5, by length of the source; copying the source is scored beside it. The figures of the
recurrent networks are those of `docs/results/data/length.json`, and that of word for word is the
one that the table has already. With `--write` the figures go to
`docs/results/data/perceptron.json` and the picture to `docs/images/perceptron-length.png`. An
interrupted training goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import torch

from benchmarks import tables
from benchmarks.common import machine_facts
from benchmarks.multi30k_quality import best_model, write_text
from benchmarks.network_matrix import LENGTHS, bleu_of
from latimer.engines.registry import load
from latimer.files import read_lines
from latimer.metrics.lengths import LengthScore
from latimer.model.folder import load_translator
from latimer.plots.figure import save_figure
from latimer.plots.lines import length_lines
from latimer.recipe import Recipe, load_recipe
from latimer.search.strategies import Beam
from latimer.train.run.run import train

FIGURES = tables.RESULTS / "data" / "perceptron.json"
PICTURE = tables.DOCS / "images" / "perceptron-length.png"
RECURRENT = {"GRU, one vector": "GRU, fixed vector", "GRU, attention": "GRU, Bahdanau"}
"""Rows of the table, and the rows of `length.json` that they are taken from."""
WORD_FOR_WORD = "word for word (IBM model 1)"


def main() -> None:
    """Train, score, print and perhaps write the table and the picture."""
    options = parse()
    torch.set_num_threads(1)
    files = write_text(options.data, options.work / "text", "en", "de")
    recipe = recipe_of(files, options)
    train(recipe, options.work / "run", command="python -m benchmarks.perceptron")
    folder = best_model(options.work / "run")
    source, target = ([*read_lines(path)] for path in files["test"])
    with load(folder) as translator:
        found = translator.translate(source, Beam(5))
    texts = [one.text for one in found]
    figures = {
        "copying": by_length(source, source, target),
        WORD_FOR_WORD: measured_before(WORD_FOR_WORD),
        f"perceptron, {recipe.model.slots} slots": by_length(texts, source, target),
        **{name: measured(row) for name, row in RECURRENT.items()},
    }
    windows = sum(one.parts > 1 for one in found) / len(found)
    table = as_table(figures, options, facts_of(folder, windows))
    print(tables.rendered(table))
    if options.write:
        text = json.dumps(table, indent=1, ensure_ascii=False)
        FIGURES.write_text(text + "\n", encoding="utf-8")
        draw(figures, source)


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with Multi30k")
    parser.add_argument("--work", type=Path, required=True, help="folder for text and run")
    parser.add_argument("--updates", type=int, default=2000)
    parser.add_argument("--write", action="store_true", help="write the figures and the picture")
    return parser.parse_args()


def recipe_of(files: dict[str, tuple[Path, Path]], options: argparse.Namespace) -> Recipe:
    """The recipe `perceptron`, ended by a number of updates and not by the clock."""
    settings = [
        *(f"data.{part}.source={files[part][0]}" for part in ("train", "dev")),
        *(f"data.{part}.target={files[part][1]}" for part in ("train", "dev")),
        *("data.source_language=en", "data.target_language=de", "training.threads=1"),
        *("training.max_minutes=", f"training.max_updates={options.updates}"),
        *("training.precision=fp32",),
    ]
    return load_recipe("perceptron", settings)


def by_length(texts: list[str], source: list[str], target: list[str]) -> list[float]:
    """BLEU of translations in each class of `LENGTHS`, and of all."""
    every, classes = bleu_of(texts, source, target)
    return [*(of["bleu"] for of in classes.values()), every]


def facts_of(folder: Path, windows: float) -> str:
    """What a reader must know of the perceptron."""
    model = load_translator(folder)
    weights = sum(parameter.numel() for parameter in model.network.parameters())
    used = model.config.data.train
    assert used is not None
    assert used.pairs is not None
    assert used.too_long is not None
    share = used.pairs / (used.pairs + used.too_long)
    return (
        f"(one perceptron of {weights / 1e6:.1f} million weights, {model.config.scores.updates:,} "
        f"updates; {share:.0%} of the pairs of train fit, {windows:.0%} of the test sentences were "
        "translated in windows; the GRUs are means of three, see quality by length)"
    )


def measured(row: str) -> list[float]:
    """BLEU by length of a network of `length.json`, and of all from `networks.json`."""
    (values,) = (cells for name, *cells in tables.load("length")["rows"] if name == row)
    (every,) = (cells[2] for name, *cells in tables.load("networks")["rows"] if name == row)
    return [*values, every[0]]


def measured_before(row: str) -> list[float | None]:
    """A row of the present table, which another command measures; nothing if it is not there."""
    rows = tables.load("perceptron")["rows"] if FIGURES.exists() else []
    (values,) = [cells for name, *cells in rows if name == row] or [[None] * 6]
    return values


def as_table(figures: dict[str, Any], options: argparse.Namespace, note: str) -> dict[str, Any]:
    """The content of `perceptron.json`."""
    lengths = tables.load("length")["columns"][1:]
    return {
        "source": {
            "command": "python -m benchmarks run perceptron --data MULTI30K --work FOLDER"
            f" --updates {options.updates} --write",
            "machine": machine_facts()["processor"],
            "date": time.strftime("%Y-%m-%d"),
            "note": note,
        },
        "columns": [{"title": "test BLEU, beam 5"}, *lengths, {"title": "all", "digits": 1}],
        "rows": [[name, *rounded(values)] for name, values in figures.items()],
    }


def rounded(values: list[float | None]) -> list[float | None]:
    """With one decimal."""
    return [None if value is None else round(value, 1) for value in values]


def draw(figures: dict[str, Any], source: list[str]) -> None:
    """The picture of the table's rows, each class at the mean length of its sentences."""
    words = [len(text.split()) for text in source]
    scores = {}
    for name, values in figures.items():
        points = []
        for (first, last), bleu in zip(LENGTHS, values, strict=False):
            inside = [n for n in words if first <= n <= last]
            if bleu is not None:
                mean = sum(inside) / len(inside)
                points.append(LengthScore(first, last, mean, len(inside), bleu))
        if points:
            scores[name] = points
    save_figure(length_lines(scores), PICTURE)


if __name__ == "__main__":
    main()
