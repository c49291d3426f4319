"""Several runs of learning from reward as one model, nearer to their start or further from it.

The runs are those that `benchmarks.reward_learning` left in `--work`: of every method of `--of`,
all seeds. By default the methods' runs of one seed are averaged, so that there is a model for each
seed; with `--together seeds` those of one method are, three at a time (`--size`): 1 to 3, 4 to 6
and so on; `--together all` makes one model of everything. `--extrapolation` says how far
to go from the start to the mean, 1, or beyond it; which is best is chosen by greedy BLEU on dev,
for all models together. p is that of a paired bootstrap of test translations, those of the first
model, the second, … after one another, against the control's of seed 1, 2, … .
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from benchmarks.common import machine_facts, markdown_table
from benchmarks.reward_learning import CONTROL, METHODS, results, scored, significance, slug
from latimer.files import read_lines
from latimer.model import model_card, save_model
from latimer.train.checkpoint.model_average import average_models
from latimer.train.loop.allocator import keep_freed_memory

KEYS = ("dev, beam 1", "dev, beam 5", "test, beam 1", "test, beam 5")

GROUPS: dict[str, Callable[[str, int, int], object]] = {
    "methods": lambda name, seed, size: seed,
    "seeds": lambda name, seed, size: (name, (seed - 1) // size),
    "all": lambda name, seed, size: None,
}
"""What becomes one model, by method, seed and `--size`."""


def main() -> None:
    """Average, score what was not scored before, and print the table."""
    options = parse()
    torch.set_num_threads(1)
    keep_freed_memory()
    print("; ".join(f"{key}: {value}" for key, value in machine_facts().items()) + "\n")
    groups = together(options)
    references = list(read_lines(options.text / f"test.{options.target}"))
    control = results(CONTROL, options)
    rows: list[list[object]] = []
    dev: dict[float, float] = {}
    for extrapolation in options.extrapolation:
        found = [
            {"seed": number, **scores_of(runs, extrapolation, options)}
            for number, runs in enumerate(groups.values(), 1)
        ]
        dev[extrapolation] = statistics.mean(one[KEYS[0]]["bleu"] for one in found)
        p = significance(found, control, references)
        rows.append([f"{extrapolation:g}", len(found), *(cell(found, key) for key in KEYS), p])
    best = max(dev, key=lambda extrapolation: dev[extrapolation])
    header = ["extrapolation", "models", "dev greedy", "dev beam 5", "test greedy", "test beam 5"]
    print(f"{len(next(iter(groups.values())))} runs a model; by dev: {best:g}\n")
    print(markdown_table([*header, "p, greedy / beam 5 / greedy beside beam 5"], rows))


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, required=True, help="what all runs started from")
    parser.add_argument("--text", type=Path, required=True, help="folder with dev.en, test.en, …")
    parser.add_argument("--work", type=Path, required=True, help="that of reward_learning")
    parser.add_argument("--source", default="en", help="language of the source")
    parser.add_argument("--target", default="de", help="language of the references")
    parser.add_argument(
        "--of", action="append", choices=[m for m in METHODS if m != CONTROL], metavar="METHOD",
        help="repeat it; by default all methods that there are runs of",
    )  # fmt: skip
    parser.add_argument("--together", choices=list(GROUPS), default="methods")
    parser.add_argument("--size", type=int, default=3, help="seeds in a model (%(default)s)")
    parser.add_argument("--extrapolation", type=float, action="append", help="repeatable (1 to 3)")
    options = parser.parse_args()
    options.extrapolation = options.extrapolation or [1.0, 1.5, 2.0, 3.0]
    options.of = options.of or [name for name in METHODS if name != CONTROL]
    return options


def together(options: argparse.Namespace) -> dict[object, list[Path]]:
    """Model folders to average, by what stands in `GROUPS`."""
    groups: dict[object, list[Path]] = {}
    for name in options.of:
        for run in results(name, options):
            key = GROUPS[options.together](name, run["seed"], options.size)
            folder = options.work / "runs" / f"{slug(name)}-{run['seed']}" / "models"
            average = folder / "average"
            groups.setdefault(key, []).append(average if average.is_dir() else folder / "best")
    if not groups:
        raise SystemExit(f"{options.work}: no finished runs of {', '.join(options.of)}")
    return groups


def scores_of(
    runs: list[Path], extrapolation: float, options: argparse.Namespace
) -> dict[str, Any]:
    """As `reward_learning.scored`, kept in the work folder."""
    name = "+".join(sorted(run.parent.parent.name for run in runs))
    kept = options.work / "averages.json"
    known = json.loads(kept.read_bytes()) if kept.exists() else {}
    key = f"{extrapolation:g} {name}"
    if key not in known:
        model = average_models(runs, options.model, extrapolation)
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary) / "average"
            save_model(folder, model, model_card(model.config, command="benchmarks.run_average"))
            known[key] = scored(folder, options)
        kept.write_text(json.dumps(known) + "\n", encoding="utf-8")
    entry: dict[str, Any] = known[key]
    return entry


def cell(found: list[dict[str, Any]], key: str) -> str:
    """Mean BLEU, and the lowest and highest of several."""
    values = [one[key]["bleu"] for one in found]
    spread = f" ({min(values):.1f}–{max(values):.1f})" if len(values) > 1 else ""
    return f"{statistics.mean(values):.2f}{spread}"


if __name__ == "__main__":
    main()
