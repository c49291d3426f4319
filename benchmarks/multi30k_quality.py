"""How good a translator the shipped recipe makes of Multi30k, with the commands a user would type.

Trains with `latimer train RECIPE` on all cores, then scores val and test_2016_flickr with
`latimer evaluate`, greedy and with beam 5, once. The clock runs from the first command's start to
the trained model: subwords, tokenising, every validation and averaging are inside.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.common import markdown_table, read_split

SPLITS = {"train": "train", "dev": "val", "test": "test_2016_flickr"}


def main() -> None:
    """Train, score, print a table."""
    options = parse()
    files = write_text(options.data, options.work / "text", options.source, options.target)
    run = options.work / f"run-{options.recipe}-{options.seed}"
    started = time.perf_counter()
    train(options, files, run)
    minutes = (time.perf_counter() - started) / 60
    model = best_model(run)
    rows, results = [], {}
    for split in ("dev", "test"):
        for beam in (1, 5):
            scores = evaluate(model, files[split], beam)
            results[f"{split}, beam {beam}"] = scores
            rows.append(
                [
                    SPLITS[split],
                    "greedy" if beam == 1 else f"beam {beam}",
                    f"{scores['bleu']['value']:.1f}",
                    f"{scores['chrf']['value']:.1f}",
                    f"{scores['sentences_per_second']:.0f}",
                ]
            )
    print(markdown_table(["set", "search", "BLEU", "chrF", "sentences/s"], rows))
    print(f"\n{minutes:.1f} minutes from text to model; recipe {options.recipe}, {model}")
    print(results["test, beam 5"]["bleu"]["signature"])
    options.json.parent.mkdir(parents=True, exist_ok=True)
    facts = {"minutes": minutes, "recipe": options.recipe, "seed": options.seed, **results}
    options.json.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with Multi30k")
    parser.add_argument("--work", type=Path, required=True, help="folder for text and runs")
    parser.add_argument("--recipe", default="small", help="name or file")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--source", default="en")
    parser.add_argument("--target", default="de")
    parser.add_argument("--set", action="append", default=[], help="override a key of the recipe")
    parser.add_argument("--json", type=Path, default=Path("build/benchmarks/multi30k_quality.json"))
    return parser.parse_args()


def write_text(data: Path, folder: Path, source: str, target: str) -> dict[str, tuple[Path, Path]]:
    """The splits as plain text files in `folder`: (source, target) by train, dev and test."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for name, split in SPLITS.items():
        text = read_split(data, split, source, target)
        paths = folder / f"{name}.{source}", folder / f"{name}.{target}"
        for path, lines in zip(paths, text, strict=True):
            path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        files[name] = paths
    return files


def train(options: argparse.Namespace, files: dict[str, tuple[Path, Path]], run: Path) -> None:
    """Run `latimer train`; its progress goes to stderr."""
    settings = [
        *(f"data.{part}.source={files[part][0]}" for part in ("train", "dev")),
        *(f"data.{part}.target={files[part][1]}" for part in ("train", "dev")),
        f"data.source_language={options.source}",
        f"data.target_language={options.target}",
        f"seed={options.seed}",
        *options.set,
    ]
    arguments = [part for setting in settings for part in ("--set", setting)]
    latimer(["train", options.recipe, "--run", str(run), *arguments], capture=False)


def best_model(run: Path) -> Path:
    """The average of checkpoints if it was kept (it is then no worse on dev), else the best."""
    average = run / "models" / "average"
    return average if average.exists() else run / "models" / "best"


def evaluate(model: Path, files: tuple[Path, Path], beam: int) -> dict[str, Any]:
    """The JSON that `latimer evaluate` prints."""
    arguments = ["--beam", str(beam), "--metrics", "bleu,chrf", "--json"]
    printed = latimer(["evaluate", str(model), *map(str, files), *arguments], capture=True)
    scores: dict[str, Any] = json.loads(printed)
    return scores


def latimer(arguments: list[str], *, capture: bool) -> str:
    """Run the command as a user would; leaves with its exit code when it fails."""
    command = [sys.executable, "-m", "latimer.cli", *arguments]
    done = subprocess.run(
        command, stdout=subprocess.PIPE if capture else sys.stderr, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.returncode)
    return done.stdout or ""


if __name__ == "__main__":
    main()
