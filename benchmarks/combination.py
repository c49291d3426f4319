"""Do a network and a phrase-based model together translate better than either?

Given a text and a network trained on it: trains the phrase-based model and combines both with the
commands a user would type, then translates the test set with all three, once. Every choice is made
on dev.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.common import markdown_table, read_lines
from latimer.engines.registry import load
from latimer.metrics.corpus_scores import corpus_scores
from latimer.metrics.significance import compare

SYSTEMS = ("network", "phrases", "combined")


def main() -> None:
    """Train, combine, score, print a table."""
    options = parse()
    options.work.mkdir(parents=True, exist_ok=True)
    models = {
        "network": options.model,
        "phrases": options.phrases or train_phrases(options),
        "combined": options.work / "combined",
    }
    combine(options, models)
    source, reference = (read_lines(path) for path in files(options, "test"))
    found = {name: translate(models[name], source, options.threads) for name in SYSTEMS}
    results: dict[str, Any] = {"sentences": len(source), "model": str(options.model)}
    rows = []
    for name in SYSTEMS:
        texts, seconds = found[name]
        score = corpus_scores(texts, reference, ["bleu"], language=options.target)["bleu"]
        results[name] = {"bleu": score.value, "sentences_per_cpu_second": len(source) / seconds}
        row = [name, f"{score.value:.1f}", f"{len(source) / seconds:.1f}"]
        if name != "combined":
            difference = compare(
                texts, found["combined"][0], reference, language=options.target
            ).as_dict()
            results[name]["combined_minus_this"] = difference
            row += [f"{difference['difference']:+.1f}", f"{difference['p_value']:.3f}"]
        rows.append([*row, "", ""][:5])
        results["signature"] = score.signature
    head = ["system", "BLEU", "sentences/CPU s", "combined minus this", "p"]
    print(markdown_table(head, rows))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--text", type=Path, required=True, help="folder with train, dev and test")
    parser.add_argument("--model", type=Path, required=True, help="network trained on that text")
    parser.add_argument("--phrases", type=Path, help="phrase-based model, instead of training one")
    parser.add_argument("--work", type=Path, required=True, help="folder for models")
    parser.add_argument("--source", default="en")
    parser.add_argument("--target", default="de")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path, default=Path("build/benchmarks/combination.json"))
    return parser.parse_args()


def files(options: argparse.Namespace, part: str) -> tuple[Path, Path]:
    """Source and target of a part of the text."""
    one, other = (options.text / f"{part}.{code}" for code in (options.source, options.target))
    return one, other


def train_phrases(options: argparse.Namespace) -> Path:
    """The phrase-based model, trained in the work folder."""
    settings = [f"data.source_language={options.source}", f"data.target_language={options.target}"]
    for part in ("train", "dev"):
        for side, file in zip(("source", "target"), files(options, part), strict=True):
            settings.append(f"data.{part}.{side}={file}")
    run = options.work / "phrases"
    latimer("train", "koehn2003", "--run", run, *(f"--set={one}" for one in settings))
    return Path(run / "models" / "best")


def combine(options: argparse.Namespace, models: dict[str, Path]) -> None:
    """`latimer combine`, unless it was done before."""
    if not models["combined"].exists():
        latimer(
            "combine", models["network"], models["phrases"], "--dev", *files(options, "dev"),
            "--out", models["combined"], "--threads", options.threads,
        )  # fmt: skip


def latimer(*words: object) -> None:
    """A command of Latimer; ends the benchmark where it fails."""
    subprocess.run([sys.executable, "-m", "latimer.cli", *map(str, words)], check=True)


def translate(model: Path, texts: list[str], threads: int) -> tuple[list[str], float]:
    """The translations, and CPU seconds."""
    with load(model, threads=threads) as translator:
        translator.translate(texts[:1])  # what is made once
        begun = time.process_time()
        found = [one.text for one in translator.translate(texts)]
        return found, time.process_time() - begun


if __name__ == "__main__":
    main()
