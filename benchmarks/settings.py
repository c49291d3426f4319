"""Which settings of a recipe learn most in the same CPU time, on somebody's text.

Each line of `--try` is a set of `key=value`, commas between, or `recipe` for the recipe as it is.
First the CPU seconds of an update are measured, by two short trainings that differ in their number
of updates; then each set trains as many updates as fit `--minutes` of CPU time on one thread in
fp32, so that what else the machine does changes nothing. Dev BLEU is that of greedy search after
the last update. `--text` is a folder with train and dev, `.en` and `.de`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.common import markdown_table, parser, report
from benchmarks.startup import latimer_command

FEW, MORE = 20, 80
"""Updates of the two short trainings."""


class Text(NamedTuple):
    """A folder of text and its languages."""

    folder: Path
    source: str
    target: str

    def settings(self) -> list[str]:
        """Keys of a recipe."""
        files = [
            f"data.{part}.{side}={self.folder / part}.{language}"
            for part in ("train", "dev")
            for side, language in (("source", self.source), ("target", self.target))
        ]
        languages = [
            f"data.source_language={self.source}", f"data.target_language={self.target}"
        ]  # fmt: skip
        return [*files, *languages, "training.threads=1", "training.precision=fp32"]


def train(recipe: str, run: Path, settings: list[str]) -> float:
    """Train from nothing; the CPU seconds that it took. Leaves with the command's complaint."""
    shutil.rmtree(run, ignore_errors=True)
    command = [*latimer_command(), "train", recipe, "--run", str(run)]
    command += [word for setting in settings for word in ("--set", setting)]
    before = os.times()
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    after = os.times()
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stderr.strip()[-500:]}")
    return after.children_user + after.children_system - before[2] - before[3]


def tried(recipe: str, run: Path, settings: list[str], seconds: float) -> dict[str, Any]:
    """Figures of one set of settings with so many CPU seconds."""

    def of(updates: int) -> list[str]:
        return [*settings, f"training.max_updates={updates}", f"training.validate_every={updates}"]

    short = [train(recipe, run, [*of(updates), "training.warmup=1"]) for updates in (FEW, MORE)]
    each = (short[1] - short[0]) / (MORE - FEW)
    updates = max(MORE, round(seconds / each))
    spent = train(recipe, run, [*of(updates), "training.average=1"])
    lines = (run / "log.jsonl").read_text(encoding="utf-8").splitlines()
    validations = [line for line in map(json.loads, lines) if line["kind"] == "validation"]
    return {
        "updates": updates, "cpu_per_update": each, "cpu": spent, "bleu": validations[-1]["bleu"],
        "epoch": validations[-1]["epoch"],
    }  # fmt: skip


def main() -> None:
    """Measure and report."""
    arguments = parser(__doc__, "settings", data=False)
    arguments.add_argument("--text", type=Path, nargs="+", required=True, help="folders")
    arguments.add_argument("--languages", default="en-de", help="(%(default)s)")
    arguments.add_argument("--recipe", default="quickstart", help="(%(default)s)")
    arguments.add_argument("--minutes", type=float, default=8, help="CPU time (%(default)s)")
    arguments.add_argument(
        "--try", dest="sets", nargs="+", default=["recipe"], help="(%(default)s)"
    )
    arguments.add_argument("--work", type=Path, required=True, help="a folder for the runs")
    flags = arguments.parse_args()
    found: list[dict[str, Any]] = []
    for folder in flags.text:
        text = Text(folder, *flags.languages.split("-"))
        for number, settings in enumerate(flags.sets):
            own = [] if settings == "recipe" else settings.split(",")
            run = flags.work / f"{folder.name}-{number}"
            figures = tried(flags.recipe, run, text.settings() + own, 60 * flags.minutes)
            found.append({"text": folder.name, "settings": settings, **figures})
            print(found[-1], file=sys.stderr)
    keys = list(found[0])
    table = markdown_table(keys, [[one[key] for key in keys] for one in found])
    report("Settings at equal CPU time", [table], {"runs": found}, flags.json)


if __name__ == "__main__":
    main()
